import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { IDS } from '../../src/application/container/index.ts'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  refreshExpiringTokensJob,
  refreshKlaviyoLists,
} from '../../src/index.ts'
import { service } from '../../src/root/default-container.ts'
import { parseLabel, parseTenantId } from '../../src/domain/model/identifiers.ts'
import { connect, googleAds, meta } from './platforms.ts'
import type { OAuthPlatform } from './platforms.ts'
import { codeOf, newTenant, openWorkbench } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})
afterEach(async () => {
  bench.emulator.control.clearFaults()
  await bench.restart()
})

const FORBIDDEN = { status: 403, body: { errors: [{ code: 'permission_denied' }] }, times: null }

async function rediscover({ provider }: OAuthPlatform, tenantId: string): Promise<unknown> {
  const key = { tenantId: parseTenantId(tenantId), provider, label: parseLabel(undefined) }
  return (await service(IDS.Connections)).rediscover(key)
}

describe('A permission that a person takes back in the platform’s settings', () => {
  test('Meta: is noticed within a day, and given back by connecting again', async () => {
    const tenantId = newTenant()
    await connect(meta, tenantId, { person: 'guest-81' })
    bench.emulator.control.withdrawPermission('guest-81', 'ads_management')
    expect(await codeOf(() => meta.token(tenantId))).toBe('ok')
    await bench.elapse(DAY_MS)
    expect(await refreshExpiringTokensJob.handler()).toMatchObject({ failed: 1 })
    expect(await meta.find(tenantId)).toMatchObject({
      status: 'needs_reauth',
      reauthReason: 'permission_removed',
    })
    await expect(meta.token(tenantId)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'permission_removed',
    })
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: 'connection.needs_reauth', tenantId, reason: 'permission_removed' }),
    )
    await connect(meta, tenantId, { person: 'guest-81' })
    expect(await meta.find(tenantId)).toMatchObject({ status: 'active', reauthReason: null })
    expect(bench.emulator.control.accepts('meta', await meta.token(tenantId))).toBe(true)
  })

  test('Meta: is not concluded from an outage, nor from an answer that cannot be read', async () => {
    const tenantId = newTenant()
    await connect(meta, tenantId, { person: 'guest-82' })
    bench.emulator.control.withdrawPermission('guest-82', 'ads_management')
    bench.emulator.control.fail('meta', 'permissions', { status: 503, body: 'down', times: null })
    await bench.elapse(DAY_MS)
    await refreshExpiringTokensJob.handler()
    bench.emulator.control.clearFaults()
    bench.emulator.control.fail('meta', 'debug_token', { status: 200, body: '[]', times: null })
    await bench.elapse(HOUR_MS)
    await refreshExpiringTokensJob.handler()
    expect(await meta.find(tenantId)).toMatchObject({ status: 'active' })
    expect(await codeOf(() => meta.token(tenantId))).toBe('ok')
  })

  test('Klaviyo: a key that may no longer read lists is found by who reads them', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    bench.emulator.control.fail('klaviyo', 'lists', FORBIDDEN)
    await expect(refreshKlaviyoLists(tenantId)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'permission_removed',
    })
    expect(await codeOf(() => getKlaviyoApiKey(tenantId))).toBe('reauthorization_required')
  })

  test('Klaviyo: a segment that is refused costs nothing but the segments', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    bench.emulator.control.fail('klaviyo', 'segments', FORBIDDEN)
    expect((await refreshKlaviyoLists(tenantId)).length).toBeGreaterThan(0)
    expect(await getKlaviyoConnection(tenantId)).toMatchObject({ status: 'active', segments: [] })
  })
})

describe('Accounts that are looked for again', () => {
  test('Meta: find a token that is dead, and a person is needed at once', async () => {
    const tenantId = newTenant()
    await connect(meta, tenantId, { person: 'guest-83' })
    bench.emulator.control.revokeAtPlatform('meta', 'guest-83', 'password_changed')
    await expect(rediscover(meta, tenantId)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'revoked_or_expired',
    })
    expect(await meta.find(tenantId)).toMatchObject({ status: 'needs_reauth' })
  })

  test('Meta: find what was taken back since the consent', async () => {
    const tenantId = newTenant()
    await connect(meta, tenantId, { person: 'guest-84' })
    bench.emulator.control.withdrawPermission('guest-84', 'ads_management')
    await expect(rediscover(meta, tenantId)).rejects.toMatchObject({ reason: 'permission_removed' })
    expect(await meta.find(tenantId)).toMatchObject({ reauthReason: 'permission_removed' })
  })

  test('Google Ads: go on with a new token when the old one is refused though it has not ended', async () => {
    const tenantId = newTenant()
    await connect(googleAds, tenantId, { person: 'guest-85' })
    const before = await googleAds.token(tenantId)
    bench.emulator.control.expireAccessTokens('google_ads', 'guest-85')
    await expect(rediscover(googleAds, tenantId)).resolves.toMatchObject({ status: 'active' })
    const after = await googleAds.token(tenantId)
    expect([after === before, bench.emulator.control.accepts('google_ads', after)]).toEqual([false, true])
  })

  test('Klaviyo: find that the key was deleted', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    const deleted = { status: 401, body: { errors: [{ code: 'authentication_failed' }] }, times: null }
    bench.emulator.control.fail('klaviyo', '*', deleted)
    expect(await codeOf(() => refreshKlaviyoLists(tenantId))).toBe('reauthorization_required')
    expect(await getKlaviyoConnection(tenantId)).toMatchObject({ status: 'needs_reauth' })
  })

  test('conclude nothing from a platform that is down or throttles', async () => {
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    bench.emulator.control.fail('klaviyo', 'lists', { status: 503, body: 'down', times: null })
    expect(await codeOf(() => refreshKlaviyoLists(tenantId))).toBe('provider_unavailable')
    bench.emulator.control.clearFaults()
    bench.emulator.control.fail('klaviyo', '*', { status: 401, body: '<html>', times: null })
    expect(await codeOf(() => refreshKlaviyoLists(tenantId))).toBe('provider_unavailable')
    expect(await getKlaviyoConnection(tenantId)).toMatchObject({ status: 'active' })
  })
})
