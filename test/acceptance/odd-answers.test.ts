import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import type { Fault } from '../../src/emulator/index.ts'
import { connectKlaviyo, getKlaviyoConnection } from '../../src/index.ts'
import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import { connect, googleAds, meta, oauthPlatforms, tiktok } from './platforms.ts'
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

/** NUL, a lone surrogate, a control character, an escape sequence, and more than anybody wants to keep. */
const POISON = `A\0B\ud800C\u0007\u001b[31m ${'x'.repeat(70_000)}`
const ADWORDS = 'https://www.googleapis.com/auth/adwords'

async function isServed(platform: OAuthPlatform, tenantId: string): Promise<boolean> {
  return bench.emulator.control.accepts(platform.provider, await platform.token(tenantId))
}

function isClean(value: unknown): boolean {
  const text = JSON.stringify(value)
  return !/\\u0000|\\u0007|\\u001b|\\ud800/i.test(text) && text.length < 2_000_000
}

describe.each(oauthPlatforms)('$provider', (platform) => {
  const { provider } = platform

  test('3,000 accounts are all listed, none twice, and the last one can be chosen', async () => {
    const tenantId = newTenant()
    const { accounts, requiresAccountSelection } = await connect(platform, tenantId, { person: 'max' })
    expect(requiresAccountSelection).toBe(true)
    const usable = accounts.filter(({ isManager }) => isManager !== true)
    expect(usable).toHaveLength(3_000)
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(accounts.length)
    const last = usable.at(-1)
    await platform.select(tenantId, last?.id ?? '')
    expect(await platform.selected(tenantId)).toEqual({ id: last?.id, name: last?.name })
    expect(await isServed(platform, tenantId)).toBe(true)
  }, 60_000)

  test('one open account beside a closed one is chosen by itself', async () => {
    const tenantId = newTenant()
    const { accounts, requiresAccountSelection } = await connect(platform, tenantId, { person: 'clara' })
    expect(requiresAccountSelection).toBe(false)
    expect(accounts.find(({ isUsable }) => isUsable)?.id).toBe((await platform.selected(tenantId)).id)
  })

  test('nonsense instead of the accounts keeps nothing, and gives the grant back', async () => {
    const nonsense: readonly Fault[] = [
      { status: 200, body: 'null' },
      { status: 200, body: '<html>welcome</html>' },
      { status: 200, body: '{"data":{"list":[{"advertiser_id":{}}]},"code":0,"resourceNames":5}' },
      { status: 200, body: '[{"__proto__":{"polluted":true}}]' },
      { status: 500, body: POISON },
      { cutAfterBytes: 10 },
    ]
    for (const fault of nonsense) {
      const tenantId = newTenant()
      bench.emulator.control.fail(provider, 'accounts', { ...fault, times: null })
      expect(await codeOf(() => connect(platform, tenantId, { person: 'guest-90' }))).toMatch(
        /^provider_(unavailable|response_invalid)$/,
      )
      bench.emulator.control.clearFaults()
      expect(await bench.rowsOf(tenantId)).toEqual([])
      const lineages = bench.emulator.control.lineages(provider, 'guest-90')
      expect(lineages.flatMap(({ liveAccessTokens }) => liveAccessTokens)).toEqual([])
      await bench.restart()
    }
    expect('polluted' in {}).toBe(false)
  })

  test('a second consent over a live connection: one row, the new token, and the chosen account is kept', async () => {
    const tenantId = newTenant()
    const { accounts } = await connect(platform, tenantId, { person: 'ada' })
    await platform.select(tenantId, accounts[1]?.id ?? '')
    const before = await platform.token(tenantId)
    expect(await connect(platform, tenantId, { person: 'ada' })).toMatchObject({
      requiresAccountSelection: false,
    })
    expect(await platform.selected(tenantId)).toMatchObject({ id: accounts[1]?.id })
    expect(await platform.token(tenantId)).not.toBe(before)
    expect(await isServed(platform, tenantId)).toBe(true)
    const rows = await bench.rowsOf(tenantId)
    expect(rows.filter(({ status }) => status !== undefined)).toHaveLength(1)
  })
})

describe('Text that no database takes', () => {
  test('Meta: a name, an account and 10,000 of them: connected, cleaned and bounded', async () => {
    const tenantId = newTenant()
    const { control } = bench.emulator
    const data = Array.from({ length: 10_000 }, (_, index) => ({
      ...{ id: `act_${1_000_000 + index}`, account_status: 1, currency: 'U\0SD' },
      name: index === 0 ? POISON : `shop ${index}`,
    }))
    control.fail('meta', 'me', { merge: { name: POISON } })
    control.fail('meta', 'accounts', { status: 200, body: { data: data.slice(0, 4_000), paging: page('a') } })
    control.fail('meta', 'accounts', {
      status: 200,
      body: { data: data.slice(4_000, 8_000), paging: page('b') },
    })
    control.fail('meta', 'accounts', { status: 200, body: { data: data.slice(8_000) } })
    const { accounts } = await connect(meta, tenantId)
    expect(accounts).toHaveLength(5_000)
    expect(isClean([accounts, await meta.find(tenantId)])).toBe(true)
    expect(await isServed(meta, tenantId)).toBe(true)
  })

  test('TikTok: advertisers and scopes', async () => {
    const tenantId = newTenant()
    const list = Array.from({ length: 10_000 }, (_, index) => ({
      advertiser_id: String(7_000_000_000_000_000_000n + BigInt(index)),
      advertiser_name: index === 0 ? POISON : `brand ${index}`,
    }))
    bench.emulator.control.fail('tiktok', 'accounts', { status: 200, body: { code: 0, data: { list } } })
    const info = { status: 200, body: { code: 0, data: { list: [] } }, times: null }
    bench.emulator.control.fail('tiktok', 'advertiser_info', info)
    const { accounts } = await connect(tiktok, tenantId)
    expect(accounts).toHaveLength(5_000)
    expect(isClean(accounts)).toBe(true)
    bench.emulator.control.clearFaults()
    expect(await isServed(tiktok, tenantId)).toBe(true)
  })

  test('Google: a person, a store, 70 KB of scopes and a lifetime beyond all calendars', async () => {
    const tenantId = newTenant()
    const { control } = bench.emulator
    const customer = { id: '1234567890', descriptiveName: POISON, currencyCode: POISON, status: 'ENABLED' }
    control.fail('google_ads', 'userinfo', { merge: { name: POISON } })
    control.fail('google_ads', 'search', { status: 200, body: [{ results: [{ customer }] }], times: null })
    control.fail('google_ads', 'exchange', {
      merge: { scope: `openid ${ADWORDS} ${'s\0 '.repeat(24_000)}`, expires_in: 1e308 },
    })
    const { accounts } = await connect(googleAds, tenantId)
    expect(accounts).toHaveLength(1)
    const connection = await googleAds.find(tenantId)
    expect(isClean([accounts, connection])).toBe(true)
    expect(connection).toMatchObject({ status: 'active', tokenExpiresAt: null })
    expect(connection?.scopes).toContain(ADWORDS)
    expect(await isServed(googleAds, tenantId)).toBe(true)
  })

  test('Klaviyo: the company and its lists', async () => {
    const tenantId = newTenant()
    const lists = {
      data: [{ type: 'list', id: 'Abc123', attributes: { name: POISON } }],
      links: { next: null },
    }
    bench.emulator.control.fail('klaviyo', 'lists', { status: 200, body: lists })
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    const connection = await getKlaviyoConnection(tenantId)
    expect(connection?.lists).toHaveLength(1)
    expect(isClean(connection)).toBe(true)
  })

  function page(after: string): unknown {
    return { cursors: { after }, next: `https://graph.facebook.com/next?access_token=x&after=${after}` }
  }
})

describe('A refresh whose answer is odd beside its token', () => {
  const oddities: readonly Readonly<Record<string, unknown>>[] = [
    { scope: 's\0 '.repeat(24_000) },
    { scope: { a: [] } },
    { expires_in: 1e308 },
    { expires_in: '9'.repeat(400) },
    { expires_in: -1 },
    { expires_in: {} },
    { refresh_token_expires_in: 'Infinity' },
    { refresh_token: '' },
    { refresh_token: null },
    { id_token: POISON },
    { made_up: POISON },
  ]
  test.each(oddities.map((merge) => [JSON.stringify(merge).slice(0, 50), merge] as const))(
    'Google: the token is kept, with %s',
    async (_name, merge) => {
      const tenantId = newTenant()
      await connect(googleAds, tenantId, { person: 'guest-91' })
      const before = await googleAds.token(tenantId)
      await bench.elapse(2 * HOUR_MS)
      bench.emulator.control.fail('google_ads', 'refresh', { merge })
      expect(await googleAds.token(tenantId)).not.toBe(before)
      expect(await isServed(googleAds, tenantId)).toBe(true)
      expect(await googleAds.refresh(tenantId)).toMatchObject({ success: true })
      expect(isClean(await googleAds.find(tenantId))).toBe(true)
    },
  )

  test.each([{ expires_in: 1e308 }, { expires_in: '5183944' }, { expires_in: null }, { extra: POISON }])(
    'Meta: the token is kept, with %o',
    async (merge) => {
      const tenantId = newTenant()
      await connect(meta, tenantId, { person: 'guest-92' })
      const before = await meta.token(tenantId)
      await bench.elapse(2 * DAY_MS)
      bench.emulator.control.fail('meta', 'refresh', { merge })
      expect(await meta.refresh(tenantId)).toMatchObject({ success: true })
      expect(await meta.token(tenantId)).not.toBe(before)
      expect(await isServed(meta, tenantId)).toBe(true)
    },
  )
})
