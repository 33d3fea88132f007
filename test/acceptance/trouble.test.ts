import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorFaults } from '../../src/emulator/index.ts'
import type { Fault } from '../../src/emulator/index.ts'
import { isIntegrationError } from '../../src/index.ts'
import { connect, googleAds, meta, oauthPlatforms, tiktok } from './platforms.ts'
import type { OAuthPlatform } from './platforms.ts'
import { codeOf, newTenant, openWorkbench, refusalOf, saying } from './workbench.ts'
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
const BASE = { returnUrl: '/settings' }
const aNumber: unknown = expect.any(Number)

describe('A platform that cannot be used', () => {
  const cases: readonly (readonly [OAuthPlatform, string, Fault, string, RegExp])[] = [
    [meta, 'exchange', { status: 503, body: 'down' }, 'provider_unavailable', /call again later/],
    [meta, 'exchange', emulatorFaults.metaThrottle(4), 'rate_limited', /after retryAt/],
    [meta, 'exchange', emulatorFaults.metaError(101), 'provider_misconfigured', /check its client id/],
    [
      meta,
      'exchange',
      { status: 200, body: '[]' },
      'provider_response_invalid',
      /nothing was stored, call again later/,
    ],
    [googleAds, 'exchange', { reset: 'before' }, 'provider_unavailable', /call again later/],
    [googleAds, 'search', emulatorFaults.googleQuota(30), 'rate_limited', /after retryAt/],
    [
      googleAds,
      'exchange',
      { status: 401, body: { error: 'invalid_client' } },
      'provider_misconfigured',
      /secret/,
    ],
    [
      googleAds,
      'exchange',
      { status: 200, body: '<html>' },
      'provider_response_invalid',
      /nothing was stored, call again later/,
    ],
    [tiktok, 'exchange', { status: 502, body: '' }, 'provider_unavailable', /call again later/],
    [tiktok, 'exchange', emulatorFaults.tiktokCode(40100), 'rate_limited', /after retryAt/],
    [tiktok, 'exchange', emulatorFaults.tiktokCode(40113), 'provider_misconfigured', /check its client id/],
    [
      tiktok,
      'exchange',
      { status: 200, body: { code: 0 } },
      'provider_response_invalid',
      /nothing was stored, call again later/,
    ],
  ]
  const named = cases.map(([platform, ...rest]) => [platform.provider, rest[2], platform, ...rest] as const)
  test.each(named)(
    '%s: %s is told, with what to do',
    async (_name, _code, platform, route, fault, code, advice) => {
      const tenantId = newTenant()
      bench.emulator.control.fail(platform.provider, route, { ...fault, times: null })
      const refusal = await refusalOf(() => connect(platform, tenantId, { person: 'guest-60' }))
      expect(refusal).toMatchObject({ code, message: saying(advice) })
      expect(await bench.rowsOf(tenantId)).toEqual([])
      bench.emulator.control.clearFaults()
      // What the whole app was told to wait for is over, for this process and for all others.
      await bench.elapse(HOUR_MS)
      await bench.restart()
      await connect(platform, tenantId, { person: 'guest-60' })
      expect(bench.emulator.control.accepts(platform.provider, await platform.token(tenantId))).toBe(true)
    },
  )
})

describe('An expired token, and a platform that just failed', () => {
  test('is not asked for again at once: the same failure is told until the wait is over', async () => {
    const tenantId = newTenant()
    await connect(googleAds, tenantId, { person: 'guest-61' })
    await bench.elapse(2 * HOUR_MS)
    bench.emulator.control.fail('google_ads', 'refresh', { status: 503, body: 'down', times: null })
    bench.emulator.control.clearRequests()
    for (let count = 0; count < 5; count += 1) {
      expect(await codeOf(() => googleAds.token(tenantId))).toBe('provider_unavailable')
    }
    expect(bench.emulator.control.requests('google_ads', 'refresh')).toHaveLength(1)
    expect(await googleAds.find(tenantId)).toMatchObject({
      status: 'active',
      lastError: 'provider_unavailable',
    })
    bench.emulator.control.clearFaults()
    await bench.elapse(HOUR_MS)
    expect(await codeOf(() => googleAds.token(tenantId))).toBe('ok')
    expect(await googleAds.find(tenantId)).toMatchObject({ lastError: null })
  })

  test('is told as pending while a refresh of it is put off, and never served', async () => {
    const tenantId = newTenant()
    await connect(googleAds, tenantId, { person: 'guest-62' })
    await bench.elapse(2 * HOUR_MS)
    await bench.admin.query(
      "UPDATE integration_connections SET next_attempt_at = now() + interval '1 hour' WHERE tenant_id = $1",
      [tenantId],
    )
    expect(await refusalOf(() => googleAds.token(tenantId))).toMatchObject({
      code: 'refresh_pending',
      message: saying('call again shortly'),
    })
  })
})

describe('A host', () => {
  test('that starts too often is told until when to wait, and another user or tenant is not', async () => {
    const request = { tenantId: newTenant(), ...BASE, initiator: { userId: 'eager' } }
    for (let count = 0; count < 10; count += 1) await meta.start(request)
    const error = await meta.start(request).catch((refusal: unknown) => refusal)
    expect(isIntegrationError(error) && error.code === 'limit_exceeded' && error).toMatchObject({
      isRetryable: true,
      retryAt: aNumber,
      message: saying('retryAt'),
    })
    await meta.start({ ...request, initiator: { userId: 'other' } })
    await meta.start({ ...request, tenantId: newTenant() })
  })

  test('whose database is gone is told so, and no platform is asked', async () => {
    await bench.restart({ database: { connectionString: 'postgres://x:y@127.0.0.1:9/z' } })
    bench.emulator.control.clearRequests()
    for (const platform of oauthPlatforms) {
      for (const call of [() => platform.start({ tenantId: 't', ...BASE }), () => platform.token('t')]) {
        expect(await refusalOf(call)).toMatchObject({
          code: 'store_unavailable',
          message: saying('call again later'),
        })
      }
    }
    expect(bench.emulator.control.requests()).toEqual([])
  })

  test('that lost its key, or pastes a row under another tenant, gets an error and never a token', async () => {
    const [tenant, thief] = [newTenant(), newTenant()]
    await connect(meta, tenant)
    await bench.admin.query(
      `INSERT INTO integration_connections SELECT (jsonb_populate_record(c, jsonb_build_object('tenant_id', $2::text))).*
       FROM integration_connections c WHERE tenant_id = $1`,
      [tenant, thief],
    )
    expect(await codeOf(() => meta.token(thief))).toBe('cipher_authentication_failed')
    await bench.restart({ encryption: { key: 'another key of more than thirty-two characters' } })
    expect(await refusalOf(() => meta.token(tenant))).toMatchObject({
      code: 'cipher_key_unknown',
      message: saying('add it as a previous key'),
    })
    await bench.restart()
    expect(await meta.find(tenant)).toMatchObject({ status: 'active' })
    expect(bench.emulator.control.accepts('meta', await meta.token(tenant))).toBe(true)
  })

  test('that finds a token in the clear in its database is not given it, and no platform sees it', async () => {
    const tenant = newTenant()
    await connect(meta, tenant)
    await bench.admin.query(
      "UPDATE integration_connections SET access_token = 'EAAB-in-the-clear', token_expires_at = NULL WHERE tenant_id = $1",
      [tenant],
    )
    bench.emulator.control.clearRequests()
    expect(await codeOf(() => meta.token(tenant))).toBe('cipher_value_invalid')
    expect(bench.emulator.control.requests()).toEqual([])
    expect(await meta.find(tenant)).toMatchObject({ status: 'active' })
  })
})
