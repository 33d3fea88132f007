import { afterEach, describe, expect, test } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { metaClient } from '../../../../src/adapters/providers/meta/meta-client.ts'
import type { MetaClientOptions } from '../../../../src/adapters/providers/meta/meta-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import type { TokenSet } from '../../../../src/domain/model/token-set.ts'
import type { ProviderFailure } from '../../../../src/domain/provider-failure.ts'
import { consent, emulatorApps, emulatorFaults, startEmulator } from '../../../../src/emulator/index.ts'
import type { Emulator, EmulatorOptions } from '../../../../src/emulator/index.ts'
import type { OAuthProviderClient } from '../../../../src/ports/provider-client.ts'

const redirectUri = 'http://localhost:4999/api/integrations/meta/callback'
const day = 86_400_000
const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function running(
  options: EmulatorOptions = {},
  settings: Partial<MetaClientOptions> = {},
): Promise<{ emulator: Emulator; client: OAuthProviderClient }> {
  const emulator = await startEmulator({ platforms: ['meta'], ...options })
  cleanUps.push(emulator.close)
  return { emulator, client: clientOf(emulator, settings) }
}

function clientOf(emulator: Emulator, settings: Partial<MetaClientOptions> = {}): OAuthProviderClient {
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs: 5_000 })
  cleanUps.push(http.close)
  return metaClient({
    appId: emulatorApps.meta.clientId,
    appSecret: emulatorApps.meta.clientSecret,
    redirectUri,
    http,
    allowLoopbackHttp: true,
    endpoints: emulator.endpoints.meta,
    ...settings,
  })
}

async function codeFor(client: OAuthProviderClient, person: string, scopes?: string[]): Promise<Secret> {
  const url = client.authorizationUrl({ state: 'the-state' })
  const back = await consent(url, { person, ...(scopes === undefined ? {} : { scopes }) })
  expect(back.searchParams.get('state')).toBe('the-state')
  return new Secret(back.searchParams.get('code') ?? '')
}

async function connect(client: OAuthProviderClient, person: string, scopes?: string[]): Promise<TokenSet> {
  return client.exchangeCode({ code: await codeFor(client, person, scopes), redirectUri })
}

describe('a code', () => {
  test('becomes a token of about 60 days, in one exchange and one more', async () => {
    const { emulator, client } = await running()
    const tokens = await connect(client, 'ada')
    expect(tokens).toMatchObject({ expiresInMs: 5_183_944_000, refreshExpiresInMs: null })
    expect(emulator.control.accepts('meta', tokens.accessToken.reveal())).toBe(true)
    expect(emulator.control.requests('meta', 'exchange')).toHaveLength(1)
    expect(emulator.control.requests('meta', 'long_lived')).toHaveLength(1)
  })

  test('of a system user becomes a token without an end', async () => {
    const { client } = await running()
    const tokens = await connect(client, 'sys')
    expect(tokens.expiresInMs).toBeNull()
    expect(await client.examine(tokens.accessToken)).toMatchObject({
      tokenKind: 'system_user',
      expiresInMs: null,
      dataAccessExpiresInMs: null,
    })
  })

  test.each([
    ['has a bad minute', emulatorFaults.metaTransient()],
    ['throttles', emulatorFaults.metaThrottle(4)],
    ['never answers', { reset: 'after' as const }],
    ['is refused for good', emulatorFaults.metaError(100)],
    ['says that the token is none', emulatorFaults.metaError(190)],
  ])('still connects for the hour when the long-lived exchange %s', async (_title, fault) => {
    const { emulator, client } = await running()
    emulator.control.fail('meta', 'long_lived', fault)
    const tokens = await connect(client, 'ada')
    expect(tokens.expiresInMs).toBe(5_400_000)
    expect(await client.examine(tokens.accessToken)).toMatchObject({
      expiresInMs: expect.any(Number) as number,
    })
    expect(await client.refresh({ accessToken: tokens.accessToken })).toMatchObject({
      expiresInMs: 5_183_944_000,
    })
  })

  test('of a configuration for system users becomes the token that it issues, which is renewed for 60 days', async () => {
    const settings = { configId: '777', configTokens: 'system_user_60_days' } as const
    const { emulator, client } = await running({}, settings)
    const first = await connect(client, 'ada')
    expect(emulator.control.requests('meta', 'long_lived')).toHaveLength(0)
    expect(emulator.control.accepts('meta', first.accessToken.reveal())).toBe(true)
    const endless = await connect(client, 'sys')
    expect(await client.refresh(endless)).toMatchObject({ expiresInMs: 5_183_944_000 })
    const forEver = clientOf(emulator, { ...settings, configTokens: 'system_user' })
    expect(await forEver.refresh(endless)).toMatchObject({ expiresInMs: null })
  })

  test('works once, for its own redirect URI, and otherwise restarts the flow', async () => {
    const { client } = await running()
    const code = await codeFor(client, 'ada')
    await expect(
      client.exchangeCode({ code, redirectUri: 'http://localhost:4999/other' }),
    ).rejects.toMatchObject({ kind: 'restart_flow', providerCode: '100/36008' })
    await client.exchangeCode({ code, redirectUri })
    await expect(client.exchangeCode({ code, redirectUri })).rejects.toMatchObject({
      kind: 'restart_flow',
      providerCode: '100/36009',
    })
    await expect(client.exchangeCode({ code: new Secret('made-up'), redirectUri })).rejects.toMatchObject({
      kind: 'restart_flow',
    })
  })
})

describe('an examination', () => {
  test('names person, permissions, kind, ends and every account', async () => {
    const { client } = await running()
    const { accessToken } = await connect(client, 'ada')
    const examination = await client.examine(accessToken)
    expect(examination).toMatchObject({
      subject: {
        issuer: 'https://www.facebook.com',
        id: expect.stringMatching(/^\d+$/) as string,
        name: 'Ada Lindqvist',
      },
      missingScopes: [],
      tokenKind: 'user',
    })
    expect(examination.grantedScopes).toEqual(
      expect.arrayContaining(['ads_read', 'ads_management', 'business_management']),
    )
    expect(examination.accounts).toHaveLength(3)
    expect(examination.accounts[0]).toEqual({
      id: expect.stringMatching(/^act_\d{15}$/) as string,
      name: 'ada shop 1',
      status: 'ACTIVE',
      isUsable: true,
      currency: 'USD',
      timeZone: 'America/New_York',
    })
    const near = (ms: number): unknown => expect.closeTo(ms, -4)
    expect(examination.expiresInMs).toEqual(near(5_183_944_000))
    expect(examination.dataAccessExpiresInMs).toEqual(near(90 * day))
  })

  test('reads 3,000 accounts over all pages, with the proof of the app on each call', async () => {
    const { emulator, client } = await running()
    emulator.control.requireAppSecretProof(true)
    const { accessToken } = await connect(client, 'max')
    const { accounts } = await client.examine(accessToken)
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(3_000)
    expect(emulator.control.requests('meta', 'accounts')).toHaveLength(15)
  })

  test.each([
    ['sol', 1, true],
    ['nora', 0, false],
    ['clara', 2, true],
  ])('finds the accounts of %s: %i', async (person, count, hasUsable) => {
    const { client } = await running()
    const { accessToken } = await connect(client, person)
    const { accounts } = await client.examine(accessToken)
    expect(accounts).toHaveLength(count)
    expect(accounts.some(({ isUsable }) => isUsable)).toBe(hasUsable)
    if (person === 'clara') expect(accounts[1]).toMatchObject({ status: 'CLOSED', isUsable: false })
  })

  test('tells a declined permission that is not needed from one that is', async () => {
    const { client } = await running()
    const partly = await client.examine(
      (await connect(client, 'dana', ['ads_read', 'ads_management'])).accessToken,
    )
    expect(partly.missingScopes).toEqual([])
    expect(partly.grantedScopes).not.toContain('business_management')
    expect(partly.accounts).toHaveLength(2)
    const none = await client.examine((await connect(client, 'ada', ['business_management'])).accessToken)
    expect(none.missingScopes).toEqual(['ads_read', 'ads_management'])
    expect(none.accounts).toEqual([])
  })

  test('takes the permission to manage for one to read', async () => {
    const { emulator, client } = await running({}, { scopes: ['ads_management'] })
    const { accessToken } = await connect(client, 'ada')
    const reading = clientOf(emulator, { scopes: ['ads_read'] })
    expect(await reading.examine(accessToken)).toMatchObject({ missingScopes: [] })
  })

  test('tells a permission that is gone from a token that is', async () => {
    const { emulator, client } = await running()
    const { accessToken } = await connect(client, 'ada')
    emulator.control.fail('meta', 'accounts', emulatorFaults.metaError(200))
    await expect(client.examine(accessToken)).rejects.toMatchObject({ kind: 'permission' })
  })
})

describe('a token', () => {
  test('is exchanged for another while it lives, and never after', async () => {
    const { emulator, client } = await running()
    const first = await connect(client, 'ada')
    const second = await client.refresh(first)
    expect(second.accessToken.equals(first.accessToken)).toBe(false)
    expect(emulator.control.accepts('meta', first.accessToken.reveal())).toBe(true)
    emulator.control.advance(61 * day)
    await expect(client.refresh(second)).rejects.toMatchObject({
      kind: 'reauthorize',
      providerCode: '190/463',
      delivery: 'answered',
    })
  })

  /** What the exchange says when it leaves the end out of its answer for a token that has one. */
  const withoutEnd = async (client: OAuthProviderClient, first: TokenSet): Promise<object> => {
    const { accessToken } = await client.refresh(first)
    return { access_token: accessToken.reveal(), token_type: 'bearer', expires_in: 0 }
  }

  test('whose exchange names no end gets the one that its inspection knows', async () => {
    const { emulator, client } = await running()
    const first = await connect(client, 'ada')
    const body = await withoutEnd(client, first)
    emulator.control.fail('meta', 'refresh', { status: 200, body })
    const near = expect.closeTo(5_183_944_000, -4) as number
    expect(await client.refresh(first)).toMatchObject({ expiresInMs: near })
  })

  test.each([
    ['never comes', { reset: 'after' as const }],
    ['is refused', emulatorFaults.metaError(190)],
    ['does not name one either', { status: 200, body: { data: { is_valid: true } } }],
  ])('is kept without an end when the answer about it %s', async (_title, fault) => {
    const { emulator, client } = await running()
    const first = await connect(client, 'ada')
    const body = await withoutEnd(client, first)
    emulator.control.fail('meta', 'refresh', { status: 200, body })
    emulator.control.fail('meta', 'debug_token', fault)
    const renewed = await client.refresh(first)
    expect(renewed.expiresInMs).toBeNull()
    expect(emulator.control.accepts('meta', renewed.accessToken.reveal())).toBe(true)
  })

  test('that is given back unchanged keeps its own end', async () => {
    const { client } = await running({ lifetimes: { meta: { reissueAfter: 86_400 } } })
    const first = await connect(client, 'ada')
    const second = await client.refresh(first)
    expect(second.accessToken.equals(first.accessToken)).toBe(true)
    expect(second.expiresInMs).toBeLessThanOrEqual(5_183_944_000)
  })

  test.each([
    ['app_removed', '190/458'],
    ['password_changed', '190/460'],
    ['checkpoint', '190/459'],
  ] as const)('is known for dead after %s, by its verification', async (reason, providerCode) => {
    const { emulator, client } = await running()
    const { accessToken } = await connect(client, 'ada')
    await client.verify(accessToken)
    emulator.control.revokeAtPlatform('meta', 'ada', reason)
    const dead = { kind: 'reauthorize', providerCode }
    await expect(client.verify(accessToken)).rejects.toMatchObject(dead)
    await expect(client.examine(accessToken)).rejects.toMatchObject({ kind: 'reauthorize' })
    await expect(client.refresh({ accessToken })).rejects.toMatchObject(dead)
  })

  test.each([
    ['ads_management', ['ads_management']],
    ['business_management', undefined],
  ])(
    'whose holder took back %s lives: its verification names what is missed',
    async (permission, missing) => {
      const { emulator, client } = await running()
      const { accessToken } = await connect(client, 'ada')
      expect(emulator.control.withdrawPermission('ada', permission)).toBe(true)
      const verified = client.verify(accessToken)
      if (missing === undefined) return verified
      return expect(verified).rejects.toMatchObject({
        kind: 'permission',
        delivery: 'answered',
        missingScopes: missing,
      })
    },
  )

  test('that may no longer read lacks either of the two permissions that let it', async () => {
    const { emulator, client } = await running({}, { configId: '777' })
    const { accessToken } = await connect(client, 'ada', ['ads_management'])
    emulator.control.withdrawPermission('ada', 'ads_management')
    await expect(client.verify(accessToken)).rejects.toMatchObject({
      missingScopes: ['ads_read', 'ads_management'],
    })
  })

  test.each([
    ['it is not said which permissions there are', 'debug_token', { data: { is_valid: true } }],
    ['they cannot be read', 'debug_token', { data: { is_valid: true, scopes: 'none' } }],
    [
      'only one of the two answers says so',
      'permissions',
      { data: ['ads_read', 'ads_management'].map((permission) => ({ permission, status: 'granted' })) },
    ],
  ])('is not said to lack anything while %s', async (_title, route, body) => {
    const { emulator, client } = await running()
    const { accessToken } = await connect(client, 'ada')
    emulator.control.withdrawPermission('ada', 'ads_management')
    emulator.control.fail('meta', route, { status: 200, body })
    await client.verify(accessToken)
  })

  test('whose permissions are not told for now is not said to lack any', async () => {
    const { emulator, client } = await running()
    const { accessToken } = await connect(client, 'ada')
    emulator.control.withdrawPermission('ada', 'ads_management')
    emulator.control.fail('meta', 'permissions', { status: 200, body: { data: 'none' } })
    await expect(client.verify(accessToken)).rejects.toMatchObject({ kind: 'transient' })
    emulator.control.fail('meta', 'permissions', emulatorFaults.metaThrottle(4))
    await expect(client.verify(accessToken)).rejects.toMatchObject({ kind: 'rate_limited' })
  })

  test('is not blamed for a wrong app secret', async () => {
    const { emulator, client } = await running()
    const { accessToken } = await connect(client, 'ada')
    const wrong = clientOf(emulator, { appSecret: 'another-secret' })
    for (const attempt of [
      wrong.verify(accessToken),
      wrong.refresh({ accessToken }),
      wrong.examine(accessToken),
      wrong.exchangeCode({ code: new Secret('x'), redirectUri }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ kind: 'misconfigured' })
    }
  })

  test('goes with its whole grant when it is revoked, and a dead one counts as revoked', async () => {
    const { emulator, client } = await running()
    const first = await connect(client, 'ada')
    const second = await connect(client, 'ada')
    await client.revoke(first)
    expect(emulator.control.accepts('meta', second.accessToken.reveal())).toBe(false)
    await client.revoke(first)
    await client.revoke({})
  })

  test.each([
    [4, undefined, 'app'],
    [17, 3, 'connection'],
    [613, 2, 'app'],
    [80004, 19, 'connection'],
  ] as const)(
    'waits out throttle %i for as long as the usage headers say',
    async (code, minutes, concerns) => {
      const { emulator, client } = await running()
      const { accessToken } = await connect(client, 'ada')
      emulator.control.fail('meta', 'refresh', emulatorFaults.metaThrottle(code, minutes))
      const failure: Partial<ProviderFailure> = {
        kind: 'rate_limited',
        delivery: 'answered',
        retryAfterMs: (minutes ?? 1) * 60_000,
        concerns,
      }
      await expect(client.refresh({ accessToken })).rejects.toMatchObject(failure)
    },
  )
})
