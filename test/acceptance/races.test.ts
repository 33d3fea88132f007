import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/model/time.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { refreshExpiringTokensJob } from '../../src/index.ts'
import { askToken, KEY, refreshFixture } from '../promises/refresh-fixture.ts'
import { authorize, connect, googleAds, meta, oauthPlatforms, tiktok } from './platforms.ts'
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
  bench.emulator.control.setLatency(0)
  await bench.restart()
})

const ROUNDS = 15
const DOWN = { status: 503, body: 'down', times: null }

function live(platform: OAuthPlatform, person: string): readonly string[] {
  return bench.emulator.control
    .lineages(platform.provider, person)
    .flatMap(({ liveAccessTokens, liveRefreshTokens }) => [...liveAccessTokens, ...liveRefreshTokens])
}

describe.each([meta, googleAds])('$provider: a refresh under way', (platform) => {
  const { provider } = platform

  test('loses against a disconnection: nothing is served, nothing is kept, and its late token is dead', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [tenantId, person] = [newTenant(), `guest-${1_000 + round}`]
      await connect(platform, tenantId, { person })
      await bench.elapse(2 * HOUR_MS)
      const when = round % 2 === 0 ? 'delayMs' : 'delayAfterMs'
      bench.emulator.control.fail(provider, 'refresh', { [when]: 60 })
      const refresh = platform.refresh(tenantId)
      await delay(round * 6)
      await platform.disconnect(tenantId)
      await refresh
      expect(await codeOf(() => platform.token(tenantId))).toBe('not_connected')
      const [row] = await bench.rowsOf(tenantId)
      expect(row).toMatchObject({ status: 'disconnected', access_token: null, refresh_token: null })
      await expect.poll(() => live(platform, person), { timeout: 5_000 }).toEqual([])
    }
  })

  test('loses against a new consent: what is served belongs to the new grant', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [tenantId, person] = [newTenant(), `guest-${2_000 + round}`]
      await connect(platform, tenantId, { person })
      await bench.elapse(2 * HOUR_MS)
      const callback = await authorize(platform, tenantId, { person })
      const when = round % 2 === 0 ? 'delayMs' : 'delayAfterMs'
      bench.emulator.control.fail(provider, 'refresh', { [when]: 60 })
      const refresh = platform.refresh(tenantId)
      await delay(round * 6)
      await platform.complete(callback)
      await refresh
      const served = await platform.token(tenantId)
      const newest = bench.emulator.control.lineages(provider, person).at(-1)
      expect(newest?.liveAccessTokens).toContain(served)
      expect(await platform.find(tenantId)).toMatchObject({ status: 'active' })
    }
  })
})

describe('A platform that revokes token by token: a refresh under way', () => {
  test('that answers after the disconnection has its tokens revoked as well', async () => {
    const { emulator, elapse, process } = await refreshFixture('single_use')
    const { control } = emulator
    await elapse(HOUR_MS)
    control.fail('standard', 'refresh', { delayAfterMs: 300 })
    const container = process()
    const refresh = codeOf(() => askToken(container))
    await expect.poll(() => control.lineages('standard')[0]?.issues.length).toBe(2)
    expect(await container.get(IDS.Connections).disconnect(KEY)).toBe('at_provider')
    expect(await refresh).toBe('not_connected')
    const late = control.lineages('standard')[0]?.issues[1]?.refresh
    const revoked = (): readonly (string | null)[] =>
      control.requests('standard', 'revoke').map(({ body }) => new URLSearchParams(body).get('token'))
    await expect.poll(revoked).toContain(late)
  })
})

describe.each(oauthPlatforms)('$provider: at the same instant', (platform) => {
  test('one callback delivered twenty times is exchanged once and succeeds once', async () => {
    const tenantId = newTenant()
    const callback = await authorize(platform, tenantId, { person: 'guest-93' })
    bench.emulator.control.clearRequests()
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(() => platform.complete(new URLSearchParams(callback)))),
    )
    expect(codes.toSorted()).toEqual(['ok', ...Array.from({ length: 19 }, () => 'state_invalid')])
    expect(bench.emulator.control.requests(platform.provider, platform.tokenRoute)).toHaveLength(1)
    expect(bench.emulator.control.accepts(platform.provider, await platform.token(tenantId))).toBe(true)
  })

  test('two consents for one connection leave one row whose token works', async () => {
    const tenantId = newTenant()
    const callbacks = await Promise.all(
      ['guest-94', 'guest-94'].map((person) => authorize(platform, tenantId, { person })),
    )
    const codes = await Promise.all(callbacks.map((callback) => codeOf(() => platform.complete(callback))))
    expect(codes).toContain('ok')
    expect(bench.emulator.control.accepts(platform.provider, await platform.token(tenantId))).toBe(true)
    const rows = await bench.rowsOf(tenantId)
    expect(rows.filter(({ status }) => status !== undefined)).toHaveLength(1)
  })

  test('disconnected by two at once, one of them is told that there was nothing left', async () => {
    const tenantId = newTenant()
    await connect(platform, tenantId, { person: 'guest-95' })
    const codes = await Promise.all([1, 2].map(() => codeOf(() => platform.disconnect(tenantId))))
    expect(codes.toSorted()).toEqual(['not_connected', 'ok'])
    expect(live(platform, 'guest-95')).toEqual([])
  })
})

describe.each([meta, googleAds])('$provider: one person who connected two tenants', (platform) => {
  test('is disconnected from the first without harm to the second, and revoked with the second', async () => {
    const [first, second] = [newTenant(), newTenant()]
    await connect(platform, first, { person: 'guest-96' })
    await connect(platform, second, { person: 'guest-96' })
    expect(await platform.disconnect(first)).toEqual({ revoked: 'kept_for_other_connection' })
    const token = await platform.token(second)
    expect(bench.emulator.control.accepts(platform.provider, token)).toBe(true)
    expect(await platform.refresh(second)).toMatchObject({ success: true })
    expect(await codeOf(() => platform.token(first))).toBe('not_connected')
    expect(await platform.disconnect(second)).toEqual({ revoked: 'at_provider' })
    expect(live(platform, 'guest-96')).toEqual([])
  })
})

describe('TikTok: one person who connected two tenants', () => {
  test('has two grants, each of which ends alone', async () => {
    const [first, second] = [newTenant(), newTenant()]
    await connect(tiktok, first, { person: 'guest-97' })
    await connect(tiktok, second, { person: 'guest-97' })
    const [gone, kept] = [await tiktok.token(first), await tiktok.token(second)]
    expect(await tiktok.disconnect(first)).toEqual({ revoked: 'at_provider' })
    expect(bench.emulator.control.accepts('tiktok', gone)).toBe(false)
    expect(bench.emulator.control.accepts('tiktok', kept)).toBe(true)
  })
})

describe.each(oauthPlatforms)('$provider: down at the disconnection', (platform) => {
  test('the token is of no use at once; the revocation waits, sealed, and the job makes it', async () => {
    const tenantId = newTenant()
    await connect(platform, tenantId, { person: 'guest-98' })
    const token = await platform.token(tenantId)
    bench.emulator.control.fail(platform.provider, 'revoke', DOWN)
    expect(await platform.disconnect(tenantId)).toEqual({ revoked: 'queued' })
    expect(await codeOf(() => platform.token(tenantId))).toBe('not_connected')
    expect(live(platform, 'guest-98')).toContain(token)
    const waiting = (await bench.rowsOf(tenantId)).filter(({ due_at: due, status }) => due && !status)
    expect(waiting).toHaveLength(1)
    expect(JSON.stringify(waiting)).not.toContain(token)

    await bench.elapse(10 * MINUTE_MS)
    await refreshExpiringTokensJob.handler()
    expect(live(platform, 'guest-98')).toContain(token)
    bench.emulator.control.clearFaults()
    await bench.elapse(DAY_MS / 24)
    await refreshExpiringTokensJob.handler()
    expect(live(platform, 'guest-98')).toEqual([])
    expect((await bench.rowsOf(tenantId)).filter(({ status }) => !status)).toEqual([])
  })
})
