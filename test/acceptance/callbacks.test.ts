import { beforeAll, describe, expect, test } from 'vitest'
import { authorize, connect, googleAds, meta, oauthPlatforms } from './platforms.ts'
import type { OAuthPlatform } from './platforms.ts'
import { codeOf, newTenant, openWorkbench, refusalOf, saying } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})

const OWN_BROWSER = 'the-secret-of-this-browser'
const BASE = { returnUrl: '/settings' }

describe.each(oauthPlatforms)('$provider: a callback', (platform) => {
  const { complete, start } = platform

  test('that is malformed is refused before anything is asked of the platform', async () => {
    const tenantId = newTenant()
    const malformed: readonly ((state: string) => string)[] = [
      () => 'code=c',
      (state) => `state=${state}&state=${state}&code=c`,
      (state) => `state=${state}&code=c&code=d`,
      (state) => `state=${state}&code=c&error=access_denied`,
      (state) => `state=${state}&code=`,
      (state) => `state=${state}&code=a%00b`,
      (state) => `state=${state}&code=café`,
      (state) => `state=${state}&code=${'x'.repeat(1_000_000)}`,
    ]
    for (const queryOf of malformed) {
      const { state } = await start({ tenantId, ...BASE })
      const callback = new URLSearchParams(queryOf(state))
      expect(await refusalOf(() => complete(callback))).toMatchObject({
        code: 'callback_invalid',
        message: saying('start the connection again'),
      })
    }
    expect(bench.emulator.control.requests(platform.provider, platform.tokenRoute)).toEqual([])
    expect(await bench.rowsOf(tenantId)).toEqual([])
  })

  test('with a state that is unknown, altered, used or of another platform is one and the same refusal', async () => {
    const tenantId = newTenant()
    const other = platform === meta ? googleAds : meta
    const { state: foreign } = await other.start({ tenantId, ...BASE })
    const used = await authorize(platform, tenantId, { person: 'sol' })
    await complete(used)
    bench.emulator.control.clearRequests()
    const state = used.get('state') ?? ''
    const flipped = `${state.startsWith('A') ? 'B' : 'A'}${state.slice(1)}`
    const refusals = []
    for (const each of [state, flipped, state.slice(1), `${state}A`, 'A'.repeat(86), foreign]) {
      refusals.push(await refusalOf(() => complete({ state: each, code: 'c' })))
    }
    expect(new Set(refusals.map((each) => JSON.stringify(each)))).toEqual(
      new Set([
        JSON.stringify({
          code: 'state_invalid',
          message: 'The state is unknown, expired or already used; start the connection again',
        }),
      ]),
    )
    expect(bench.emulator.control.requests(platform.provider)).toEqual([])
  })

  test('that denies is told as a denial, and its state is spent', async () => {
    const tenantId = newTenant()
    const denied = await authorize(platform, tenantId, { person: 'sol', decision: 'deny' })
    expect(await refusalOf(() => complete(denied))).toMatchObject({
      code: 'authorization_denied',
      message: saying('start again'),
    })
    const replayed = { state: denied.get('state') ?? '', code: 'c' }
    expect(await codeOf(() => complete(replayed))).toBe('state_invalid')
    expect(await bench.rowsOf(tenantId)).toEqual([])
  })

  test('of another user, session or browser is refused, and not even the right one can use it then', async () => {
    const initiator = { userId: 'u1', sessionId: 's1' }
    const wrong = [
      [{ initiator: { userId: 'u2', sessionId: 's1' }, browser: OWN_BROWSER }, 'initiator_mismatch'],
      [{ initiator: { userId: 'u1', sessionId: 's2' }, browser: OWN_BROWSER }, 'initiator_mismatch'],
      [{ browser: OWN_BROWSER }, 'initiator_mismatch'],
      [{ initiator, browser: 'the-secret-of-another' }, 'browser_mismatch'],
      [{ initiator }, 'browser_mismatch'],
    ] as const
    for (const [bound, code] of wrong) {
      const tenantId = newTenant()
      const { state } = await start({ tenantId, ...BASE, initiator, browser: OWN_BROWSER })
      const refusal = await refusalOf(() => complete({ state, code: 'c', ...bound }))
      expect(refusal).toMatchObject({ code, message: saying('start again') })
      const right = () => complete({ state, code: 'c', initiator, browser: OWN_BROWSER })
      expect(await codeOf(right)).toBe('state_invalid')
      expect(await bench.rowsOf(tenantId)).toEqual([])
    }
  })

  test('with a code that the platform does not know asks to start again', async () => {
    const tenantId = newTenant()
    const { state } = await start({ tenantId, ...BASE })
    const given = new URLSearchParams({ state, code: 'never-issued', auth_code: 'never-issued' })
    if (platform === googleAds) given.set('iss', 'https://accounts.google.com')
    expect(await refusalOf(() => complete(given))).toMatchObject({
      code: 'exchange_rejected',
      message: saying('start the connection again'),
    })
    expect(await bench.rowsOf(tenantId)).toEqual([])
  })

  test('of somebody who reaches no account says whom to ask, keeps nothing and gives the grant back', async () => {
    const tenantId = newTenant()
    expect(await refusalOf(() => connect(platform, tenantId, { person: 'nora' }))).toMatchObject({
      code: 'no_ad_accounts',
      message: saying('ask for access'),
    })
    expect(await bench.rowsOf(tenantId)).toEqual([])
    expect(liveGrants(platform, 'nora')).toEqual([])
  })

  test('of a person who is another than before needs an explicit word', async () => {
    const tenantId = newTenant()
    await connect(platform, tenantId, { person: 'guest-50' })
    const before = await platform.token(tenantId)
    expect(await refusalOf(() => connect(platform, tenantId, { person: 'guest-51' }))).toMatchObject({
      code: 'account_changed',
      message: saying('disconnect first'),
    })
    expect(await platform.token(tenantId)).toBe(before)
    expect(liveGrants(platform, 'guest-51')).toEqual([])
    await connect(platform, tenantId, { person: 'guest-51', allowAccountChange: true })
    expect(bench.emulator.control.accepts(platform.provider, await platform.token(tenantId))).toBe(true)
  })
})

describe('Whoever declines what is needed', () => {
  test.each([
    {
      platform: meta,
      choice: { person: 'guest-55', scopes: ['business_management'] },
      missing: 'ads_management',
    },
    { platform: googleAds, choice: { person: 'dana' }, missing: 'auth/adwords' },
  ])('$platform.provider: is told what was not granted', async ({ platform, choice, missing }) => {
    const tenantId = newTenant()
    const refusal = await refusalOf(() => connect(platform, tenantId, choice))
    expect(refusal).toMatchObject({
      code: 'scope_missing',
      message: saying(new RegExp(`${missing}.*connect again and allow it`)),
    })
    expect(await bench.rowsOf(tenantId)).toEqual([])
    expect(liveGrants(platform, choice.person)).toEqual([])
  })
})

function liveGrants(platform: OAuthPlatform, person: string): readonly string[] {
  const lineages = bench.emulator.control.lineages(platform.provider, person)
  return lineages.flatMap(({ endedBy, liveAccessTokens }) => (endedBy === undefined ? liveAccessTokens : []))
}
