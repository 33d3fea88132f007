import { beforeAll, describe, expect, test } from 'vitest'
import { consent, emulatorFaults } from '../../src/emulator/index.ts'
import {
  completeGoogleAdsOAuth,
  completeMetaOAuth,
  completeTikTokOAuth,
  createOAuthState,
  decryptToken,
  encryptToken,
  getAllIntegrationStatuses,
  getIntegrationStatus,
  getMetaAccessToken,
  refreshExpiringTokensJob,
  startGoogleAdsOAuth,
  startMetaOAuth,
  startTikTokOAuth,
  TOKEN_REFRESH_SCHEDULE,
  validateOAuthState,
} from '../../src/index.ts'
import { codeOf, newTenant, openWorkbench, refusalOf, saying } from '../acceptance/workbench.ts'
import type { Workbench } from '../acceptance/workbench.ts'

const SECRET = 'abcdefghijklmnopqrstuvwxyz123456'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})

describe('The patterns that hosts were shown', () => {
  test('start, complete with code and state, ask for a token and for the statuses', async () => {
    const tenantId = newTenant()
    const { authUrl, state } = await startMetaOAuth({ tenantId, returnUrl: '/admin/settings/integrations' })
    expect(new URL(authUrl).searchParams.get('state')).toBe(state)
    const params = (await consent(authUrl, { person: 'ada' })).searchParams
    const result = await completeMetaOAuth({
      code: params.get('code') ?? '',
      state: params.get('state') ?? '',
    })
    expect(result).toMatchObject({ connected: true, returnUrl: '/admin/settings/integrations' })
    expect(result.adAccounts).toHaveLength(3)
    expect(bench.emulator.control.accepts('meta', await getMetaAccessToken(tenantId))).toBe(true)
    const statuses = await getAllIntegrationStatuses(tenantId)
    expect(statuses.find(({ provider }) => provider === 'meta')).toEqual(
      await getIntegrationStatus(tenantId, 'meta'),
    )
  })

  test('encrypt before storage, decrypt when needed: the key of the guide works, a short one never does', async () => {
    const encrypted = await encryptToken('a token', SECRET)
    expect(encrypted).not.toContain('a token')
    expect(await decryptToken(encrypted, SECRET)).toBe('a token')
    expect(await encryptToken('a token', SECRET)).not.toBe(encrypted)
    expect(await refusalOf(() => encryptToken('a token', 'short'))).toMatchObject({
      code: 'config_invalid',
      message: saying('32'),
    })
  })
})

describe('What hosts were warned of', () => {
  test('a state is validated once, and only under its secret', async () => {
    const tenantId = newTenant()
    const { state, nonce } = await createOAuthState(tenantId, '/settings', SECRET)
    expect(await codeOf(() => validateOAuthState(state, `${SECRET}7`))).toBe('state_invalid')
    const startedBefore = Date.now()
    expect(await validateOAuthState(state, SECRET)).toEqual({
      tenantId,
      returnUrl: '/settings',
      nonce,
      timestamp: numberUpTo(startedBefore),
    })
    expect(await codeOf(() => validateOAuthState(state, SECRET))).toBe('state_invalid')
  })

  test('of many who validate one state at once, one succeeds', async () => {
    const { state } = await createOAuthState(newTenant(), '/settings', SECRET)
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => codeOf(() => validateOAuthState(state, SECRET))),
    )
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
    expect(codes.filter((code) => code === 'state_invalid')).toHaveLength(29)
  })

  test('a state lives for ten minutes', async () => {
    const [late, inTime] = [newTenant(), newTenant()]
    const dead = await createOAuthState(late, '/settings', SECRET)
    await moveStates(601)
    const live = await createOAuthState(inTime, '/settings', SECRET)
    await moveStates(590)
    expect(await codeOf(() => validateOAuthState(dead.state, SECRET))).toBe('state_invalid')
    expect(await validateOAuthState(live.state, SECRET)).toMatchObject({ tenantId: inTime })
  })

  test('Google is asked for consent and for offline access, with PKCE', async () => {
    const { authUrl } = await startGoogleAdsOAuth({ tenantId: newTenant(), returnUrl: '/' })
    const query = new URL(authUrl).searchParams
    expect(Object.fromEntries(query)).toMatchObject({
      prompt: saying(/(^| )consent( |$)/),
      access_type: 'offline',
      code_challenge_method: 'S256',
      response_type: 'code',
    })
    const { customerIds, customers } = await completeGoogleAdsOAuth(
      (await consent(authUrl, { person: 'sol' })).searchParams,
    )
    expect(customers.map(({ id }) => id)).toEqual(customerIds)
  })

  test('TikTok says no with HTTP 200 and a code, and that is no success', async () => {
    const tenantId = newTenant()
    const { authUrl } = await startTikTokOAuth({ tenantId, returnUrl: '/' })
    bench.emulator.control.fail('tiktok', 'exchange', emulatorFaults.tiktokCode(40110))
    const callback = (await consent(authUrl, { person: 'sol' })).searchParams
    expect(await codeOf(() => completeTikTokOAuth(callback))).toBe('exchange_rejected')
    expect(await bench.rowsOf(tenantId)).toEqual([])
  })
})

describe('What hosts build on', () => {
  test('the four tables exist under their names', async () => {
    const { rows } = await bench.admin.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%connections' ORDER BY relname`,
    )
    expect(rows.map(({ relname }) => relname)).toEqual([
      'google_ads_connections',
      'klaviyo_connections',
      'meta_ad_connections',
      'other_connections',
      'tiktok_ad_connections',
    ])
  })

  test('the job has a name, a schedule, and a handler that can be called by anything', async () => {
    expect(refreshExpiringTokensJob).toMatchObject({
      name: saying(/./),
      schedule: TOKEN_REFRESH_SCHEDULE,
      retry: { attempts: 3 },
    })
    expect(TOKEN_REFRESH_SCHEDULE.cron).toMatch(/^(\S+ ){4}\S+$/)
    expect(await refreshExpiringTokensJob.handler()).toMatchObject({ failed: 0, errors: [] })
  })
})

function numberUpTo(moment: number): unknown {
  return expect.toSatisfy((value: number) => value <= moment && value > moment - 60_000)
}

async function moveStates(seconds: number): Promise<void> {
  await bench.admin.query(
    `UPDATE integration_states SET expires_at = expires_at - $1 * interval '1 second'`,
    [seconds],
  )
}
