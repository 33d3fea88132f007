import { describe, expect, test } from 'vitest'
import type { OAuth2Definition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { failureOf, scriptedServer } from './scripted-server.ts'
import type { Scripted } from './scripted-server.ts'
import { acmeClient, refreshToken } from './standard-definition.ts'

const accessToken = new Secret('access-77')
const identity = {
  subject: 'data.user.id',
  subjectName: 'data.user.name',
  accounts: { path: 'data.accounts', id: 'key', name: 'label' },
}
const body = {
  data: {
    user: { id: 4711, name: 'Ada\u0000 \ud800Lindqvist' },
    accounts: [{ key: 'a1', label: 'Shop' }, { key: 2 }, { label: 'without a key' }],
  },
}

async function clientAsking(
  scripted: Scripted | ((base: string) => Scripted),
  rule: Partial<NonNullable<OAuth2Definition['identity']>> = identity,
) {
  const server = await scriptedServer(() =>
    typeof scripted === 'function' ? scripted(server.url) : scripted,
  )
  return { server, client: acmeClient(server.url, { identity: { url: `${server.url}/me`, ...rule } }) }
}

describe('an examination', () => {
  test('reads person and accounts from where the definition says, fit to be stored', async () => {
    const { client, server } = await clientAsking({ body })
    const examination = await client.examine(accessToken, ['ads.read', 'ads.write'])
    expect(examination.subject).toEqual({ issuer: server.url, id: '4711', name: 'Ada  Lindqvist' })
    expect(examination.accounts).toEqual([
      { id: 'a1', name: 'Shop', isUsable: true },
      { id: '2', isUsable: true },
    ])
    expect(server.seen[0]?.headers.authorization).toBe('Bearer access-77')
    expect(client.traits.hasAccounts).toBe(true)
  })

  test('presents the token as the definition says', async () => {
    const authorizationHeader = { name: 'x-token', value: 'OAuth {token}' }
    const headers = { 'x-version': '202611' }
    const { client, server } = await clientAsking({ body }, { ...identity, authorizationHeader, headers })
    await client.examine(accessToken)
    expect(server.seen[0]?.headers).toMatchObject({ 'x-token': 'OAuth access-77', 'x-version': '202611' })
    expect(server.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('names what was asked for and not granted', async () => {
    const { client } = await clientAsking({ body })
    expect((await client.examine(accessToken, ['ads.read'])).missingScopes).toEqual(['ads.write'])
    expect((await client.examine(accessToken)).missingScopes).toEqual([])
  })

  test('counts as missing only what the definition requires', async () => {
    const server = await scriptedServer(() => ({}))
    const authorization = { scopes: ['ads.read', 'ads.write'], requiredScopes: ['ads.read'] }
    const client = acmeClient(server.url, { authorization })
    expect((await client.examine(accessToken, ['ads.read'])).missingScopes).toEqual([])
    expect((await client.examine(accessToken, [])).missingScopes).toEqual(['ads.read'])
  })

  test.each([
    ['no person', { data: { accounts: [] } }],
    ['an empty person', { data: { user: { id: '' }, accounts: [] } }],
    ['an object as person', { data: { user: { id: {} }, accounts: [] } }],
    ['accounts that are no list', { data: { user: { id: 1 }, accounts: {} } }],
    ['HTML', '<html></html>'],
  ])('with %s in the answer fails rather than find nobody and nothing', async (_, answered) => {
    const { client } = await clientAsking({ body: answered })
    expect(await failureOf(client.examine(accessToken))).toMatchObject({ providerCode: 'response_invalid' })
  })

  test('finds nobody in what every object inherits', async () => {
    for (const subject of ['constructor.name', 'data.toString.name', '__proto__.constructor.name']) {
      const { client } = await clientAsking({ body }, { subject })
      expect(await failureOf(client.examine(accessToken))).toMatchObject({ providerCode: 'response_invalid' })
    }
  })

  test('without a rule asks nothing', async () => {
    const server = await scriptedServer(() => ({}))
    const client = acmeClient(server.url)
    expect(await client.examine(accessToken)).toEqual({ accounts: [], missingScopes: [] })
    await client.verify(accessToken)
    expect(server.seen).toHaveLength(0)
    expect(client.traits.hasAccounts).toBe(false)
  })
})

describe('a verification', () => {
  test.each([
    [401, 'reauthorize', 'answered'],
    [403, 'permission', 'answered'],
    [404, 'transient', 'uncertain'],
    [429, 'rate_limited', 'answered'],
    [503, 'transient', 'uncertain'],
  ])('answered with %i means %s', async (status, kind, delivery) => {
    const { client } = await clientAsking({ status, body: {}, headers: { 'retry-after': '7' } })
    const failure = await failureOf(client.verify(accessToken))
    expect(failure).toMatchObject({ kind, delivery })
    expect(failure.retryAfterMs).toBe(status === 401 || status === 403 ? undefined : 7_000)
  })

  test('that is throttled concerns the connection alone where the platform counts for each account', async () => {
    const server = await scriptedServer(() => ({ status: 429 }))
    const rule = { ...identity, url: `${server.url}/me` }
    const client = acmeClient(server.url, { identity: rule, throttles: 'connection' })
    expect(await failureOf(client.verify(accessToken))).toMatchObject({ concerns: 'connection' })
  })
})

describe('a refusal', () => {
  test.each([
    [401, 'invalid_token', 'reauthorize'],
    [403, 'insufficient_scope', 'permission'],
  ])(
    'by %i with the challenge of RFC 6750 is about the token, with a page of HTML about nothing',
    async (status, error, kind) => {
      const challenge = { 'www-authenticate': `Bearer error="${error}"` }
      const bare = await clientAsking({ status, headers: challenge })
      expect(await failureOf(bare.client.verify(accessToken))).toMatchObject({ kind })
      const page = await clientAsking({ status, body: '<title>Blocked</title>' })
      expect(await failureOf(page.client.verify(accessToken))).toMatchObject({
        kind: 'transient',
        delivery: 'uncertain',
      })
    },
  )
})

describe('a revocation', () => {
  test('presents the refresh token, whose end is the end of the grant, and the app', async () => {
    const server = await scriptedServer(() => ({}))
    await acmeClient(server.url).revoke({ accessToken, refreshToken })
    expect(server.seen.map(({ path }) => path)).toEqual(['/revoke'])
    expect(Object.fromEntries(server.seen[0]?.form ?? [])).toEqual({
      token: refreshToken.reveal(),
      token_type_hint: 'refresh_token',
    })
    expect(server.seen[0]?.headers.authorization).toMatch(/^Basic /)
    expect(server.seen[0]?.query.size).toBe(0)
  })

  test('presents the access token where there is nothing else', async () => {
    const server = await scriptedServer(() => ({}))
    await acmeClient(server.url).revoke({ accessToken })
    expect(server.seen[0]?.form.get('token_type_hint')).toBe('access_token')
  })

  test('of a token that is already dead is done', async () => {
    for (const error of ['invalid_token', 'invalid_grant']) {
      const server = await scriptedServer(() => ({ status: 400, body: { error } }))
      await acmeClient(server.url).revoke({ refreshToken })
    }
  })

  test.each([
    [400, { error: 'unsupported_token_type' }, 'misconfigured'],
    [401, { error: 'invalid_client' }, 'misconfigured'],
    [503, '', 'transient'],
    [500, { error: 'invalid_token' }, 'transient'],
    [429, '', 'rate_limited'],
  ])('answered with %i %j fails as %s', async (status, answered, kind) => {
    const server = await scriptedServer(() => ({ status, body: answered, headers: { 'retry-after': '9' } }))
    expect(await failureOf(acmeClient(server.url).revoke({ refreshToken }))).toMatchObject({ kind })
  })

  test('is nothing where the platform has none', async () => {
    const server = await scriptedServer(() => ({}))
    const client = acmeClient(server.url, { revocation: undefined })
    await client.revoke({ refreshToken })
    expect(client.traits.revocation).toBe('none')
    expect(server.seen).toHaveLength(0)
  })
})
