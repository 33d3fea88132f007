import { beforeEach, describe, expect, test } from 'vitest'
import { startAuthorizationServer } from '../../dev/services/authorization-server.ts'
import type { AuthorizationServer } from '../../dev/services/authorization-server.ts'
import type { OAuth2Definition } from '../../src/adapters/providers/oauth2/definition.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, newTenant, openWorld, ORIGIN, start, storedConnections } from './world.ts'

// Over oidc-provider, a certified authorization server that requires PKCE and always sends `iss`.

const redirectUri = `${ORIGIN}/api/integrations/standard/callback`
const provider = 'standard'
let server: AuthorizationServer

beforeEach(async () => {
  server = await startAuthorizationServer({ redirectUri })
  afterwards(() => server.close())
})

function settingsOf({ definition, clientId, clientSecret }: AuthorizationServer) {
  return { definition, clientId, clientSecret, redirectUri }
}

function codeExchanges({ exchanges }: AuthorizationServer): number {
  return exchanges.filter(({ grantType }) => grantType === 'authorization_code').length
}

describe('the issuer in the response', () => {
  test('is right when the server that was asked has answered', async () => {
    const container = (await openWorld({ oauth2: [settingsOf(server)] })).process()
    const { authUrl } = await start(container, newTenant(), { provider })
    const callback = (await server.consent(authUrl.href)).searchParams

    expect(callback.get('iss')).toBe(server.issuer)
    expect(await complete(container, callback, { provider })).toBe('connected')
  })

  const forgeries: readonly (readonly [string, (callback: URLSearchParams) => void])[] = [
    ['another server', (callback) => callback.set('iss', 'https://evil.example')],
    ['the same with a slash behind', (callback) => callback.set('iss', `${server.issuer}/`)],
    ['the same in capitals', (callback) => callback.set('iss', server.issuer.toUpperCase())],
    ['the same twice', (callback) => callback.append('iss', server.issuer)],
    ['nobody', (callback) => callback.delete('iss')],
  ]

  test.each(forgeries)('ends the flow before the exchange when it names %s', async (_whom, forge) => {
    const world = await openWorld({ oauth2: [settingsOf(server)] })
    const container = world.process()
    const { authUrl } = await start(container, newTenant(), { provider })
    const callback = (await server.consent(authUrl.href)).searchParams
    forge(callback)

    expect(await complete(container, callback, { provider })).toBe('callback_invalid')
    expect(codeExchanges(server)).toBe(0)
    expect(await storedConnections(world)).toBe(0)
  })

  test.each([
    ['may be missing', undefined, 'connected'],
    ['must be right if it is there', 'https://evil.example', 'callback_invalid'],
  ])('%s where the server is not known to send it always', async (_rule, iss, expected) => {
    const { authorization } = server.definition
    const definition: OAuth2Definition = {
      ...server.definition,
      authorization: { ...authorization, iss: { value: server.issuer, isAlwaysSent: false } },
    }
    const container = (await openWorld({ oauth2: [{ ...settingsOf(server), definition }] })).process()
    const { authUrl } = await start(container, newTenant(), { provider })
    const callback = (await server.consent(authUrl.href)).searchParams
    if (iss === undefined) callback.delete('iss')
    else callback.set('iss', iss)

    expect(await complete(container, callback, { provider })).toBe(expected)
  })
})

describe('a code of another flow', () => {
  test('that is put into the callback of one’s own is rejected by the server, and nothing is stored', async () => {
    const world = await openWorld({ oauth2: [settingsOf(server)] })
    const container = world.process()
    const victim = await start(container, newTenant('victim'), { provider })
    const attacker = await start(container, newTenant('attacker'), { provider })
    const stolen = (await server.consent(victim.authUrl.href)).searchParams
    stolen.set('state', attacker.state)

    expect(await complete(container, stolen, { provider })).toBe('exchange_rejected')
    expect(codeExchanges(server)).toBe(1)
    expect(await storedConnections(world)).toBe(0)
    expect(world.events.at(-1)).toMatchObject({ type: 'connection.refused', reason: 'exchange_rejected' })
  })

  test('that is used again is rejected', async () => {
    const container = (await openWorld({ oauth2: [settingsOf(server)] })).process()
    const first = await start(container, newTenant(), { provider })
    const callback = (await server.consent(first.authUrl.href)).searchParams
    expect(await complete(container, callback, { provider })).toBe('connected')
    callback.set('state', (await start(container, newTenant(), { provider })).state)

    expect(await complete(container, callback, { provider })).toBe('exchange_rejected')
  })
})

/** The attacker sends whoever comes on to the honest server, with the client's own state and challenge. */
function sentOn(authUrl: URL, clientId: string): string {
  const url = new URL(`${server.issuer}/auth`)
  for (const name of ['state', 'code_challenge', 'code_challenge_method', 'response_type']) {
    url.searchParams.set(name, authUrl.searchParams.get(name) ?? '')
  }
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('redirect_uri', redirectUri)
  url.searchParams.set('scope', 'openid offline_access ads.read ads.write')
  url.searchParams.set('prompt', 'consent')
  return url.href
}

describe('a server that sends its visitors on to an honest one', () => {
  test('never gets the honest server’s code: the state is of no use at the honest redirect URI', async () => {
    const attacker = await startGrantingPlatform('attacker')
    const world = await openWorld({ platforms: [attacker], oauth2: [settingsOf(server)] })
    const container = world.process()
    const { authUrl, state } = await start(container, newTenant(), { provider: 'attacker' })
    attacker.answer('/authorize', { status: 302, headers: { location: sentOn(authUrl, server.clientId) } })
    const arrived = await server.consent(authUrl.href)

    expect(arrived.href.startsWith(redirectUri)).toBe(true)
    expect(arrived.searchParams.get('state')).toBe(state)
    expect(await complete(container, arrived.searchParams, { provider })).toBe('state_invalid')
    expectNotTold(attacker.requests, arrived.searchParams.get('code'))
    expect(codeExchanges(server)).toBe(0)
    expect(await storedConnections(world)).toBe(0)
  })

  test('never gets it either where the honest server returns to the attacker’s redirect URI: it names itself', async () => {
    const attacker = await startGrantingPlatform('attacker', { issuer: 'https://attacker.example' })
    const { settings } = attacker
    const definition: OAuth2Definition = {
      ...settings.definition,
      authorization: { iss: { value: 'https://attacker.example', isAlwaysSent: true } },
    }
    const world = await openWorld({ oauth2: [{ ...settings, definition, redirectUri }] })
    const container = world.process()
    const { authUrl } = await start(container, newTenant(), { provider: 'attacker' })
    attacker.answer('/authorize', { status: 302, headers: { location: sentOn(authUrl, server.clientId) } })
    const arrived = await server.consent(authUrl.href)

    expect(arrived.searchParams.get('iss')).toBe(server.issuer)
    expect(await complete(container, arrived.searchParams, { provider: 'attacker' })).toBe('callback_invalid')
    expectNotTold(attacker.requests, arrived.searchParams.get('code'))
    expect(await storedConnections(world)).toBe(0)
  })
})

function expectNotTold(
  requests: readonly { readonly path: string; readonly body: string }[],
  code: string | null,
) {
  expect(code).toBeTruthy()
  expect(requests.map(({ path }) => path)).toEqual(['/authorize'])
  expect(requests.map(({ body }) => body).join()).not.toContain(code)
}
