import { randomUUID } from 'node:crypto'
import { createServer, request as send } from 'node:http'
import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { Initiator } from '../../src/domain/model/pending-authorization.ts'
import { createIntegrationsHandler, toNodeHandler } from '../../src/web/index.ts'
import type { Principal } from '../../src/web/index.ts'
import { Browser, callbackFor, stateOf } from '../web/web-harness.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import {
  afterwards,
  complete,
  keyOf,
  newTenant,
  openWorld,
  ORIGIN,
  outcomeOf,
  start,
  storedConnections,
} from './world.ts'

const BASE = '/api/integrations'
const A1 = { userId: 'a1', sessionId: 's1' }

describe('a completion by somebody else than who started', () => {
  test.each([
    ['another user', { userId: 'a2', sessionId: 's1' }],
    ['the same user in another session', { userId: 'a1', sessionId: 's2' }],
    ['the same user without the session', { userId: 'a1' }],
    ['nobody', undefined],
    ['a user whose id looks like user and session in one', { userId: 'a1","s1' }],
  ])(
    '%s: is refused before the platform is asked, stores nothing and is told of',
    async (_who, initiator) => {
      const acme = await startGrantingPlatform()
      const world = await openWorld({ platforms: [acme] })
      const container = world.process()
      const tenant = newTenant()
      const { state } = await start(container, tenant, { initiator: A1 })

      expect(await complete(container, { code: 'code', state }, { initiator })).toBe('initiator_mismatch')
      expect(acme.requests).toHaveLength(0)
      expect(await storedConnections(world)).toBe(0)
      expect(world.events.filter(({ type }) => type === 'connection.refused')).toEqual([
        expect.objectContaining({ tenantId: tenant, provider: 'acme', reason: 'initiator_mismatch' }),
      ])
    },
  )

  test('cannot be begun without an initiator where the host requires one', async () => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process({ requireInitiator: true })

    expect(await outcomeOf(start(container, newTenant()))).toBe('config_invalid')
    expect(await outcomeOf(start(container, newTenant(), { initiator: A1 }))).toBe('connected')
  })
})

describe('a completion in another browser than the one that started', () => {
  test.each(['of another flow', '', undefined, null])('with the secret %j is refused', async (browser) => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const { state } = await start(container, newTenant(), {
      initiator: A1,
      browser: 'the secret of this flow',
    })
    const callback = { code: 'code', state }

    expect(await complete(container, callback, untyped({ initiator: A1, browser }))).toBe('browser_mismatch')
    expect(acme.requests).toHaveLength(0)
    expect(await storedConnections(world)).toBe(0)
    const right = { initiator: A1, browser: 'the secret of this flow' }
    expect(await complete(container, callback, right)).toBe('state_invalid')
  })
})

describe('what binds a flow to nobody', () => {
  test.each([
    ['null for the initiator', { initiator: null }],
    ['an initiator without an id', { initiator: {} }],
    ['a name for the initiator', { initiator: 'a1' }],
    ['null for the browser', { browser: null }],
    ['an empty browser', { browser: '' }],
    ['a browser of fifteen characters', { browser: 'x'.repeat(15) }],
  ])('is refused at the start as a mistake of the host: %s', async (_what, bound) => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process()

    expect(await outcomeOf(start(container, newTenant(), untyped(bound)))).toBe('config_invalid')
  })

  test('is refused at the end before the state is spent: null for the initiator', async () => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process()
    const browser = 'x'.repeat(16)
    const { state } = await start(container, newTenant(), { initiator: A1, browser })
    const callback = { code: 'code', state }

    expect(await complete(container, callback, untyped({ initiator: null }))).toBe('config_invalid')
    expect(acme.requests).toHaveLength(0)
    expect(await complete(container, callback, { initiator: A1, browser })).toBe('connected')
  })
})

/** As a host without types gives it. */
function untyped(bound: object): { readonly initiator?: Initiator; readonly browser?: string } {
  return bound
}

describe('what was decided at the start', () => {
  test('is what the request says, whatever else the key carries', async () => {
    const acme = await startGrantingPlatform()
    const container = (await openWorld({ platforms: [acme] })).process()
    const extra = { initiatorHash: 'x', browserHash: 'x', clientId: 'x', scopes: ['everything'] }
    const key = { ...keyOf(newTenant()), ...extra }
    const { state } = await container.get(IDS.Connections).start({ key, returnUrl: '/settings' })

    expect(await complete(container, { code: 'code', state })).toBe('connected')
  })

  test('is not decided again by the callback: redirect URI, endpoints, tenant, scopes and where to return', async () => {
    const acme = await startGrantingPlatform()
    const evil = await startGrantingPlatform('evil')
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const [tenant, stranger] = [newTenant(), newTenant()]
    const { state } = await start(container, tenant)
    const callback = new URLSearchParams({
      code: 'code',
      state,
      redirect_uri: evil.url,
      token_endpoint: `${evil.url}/token`,
      tenant: stranger,
      tenantId: stranger,
      tenant_id: stranger,
      scope: 'everything',
      returnUrl: evil.url,
      '__proto__[polluted]': 'x',
      'constructor[prototype][polluted]': 'x',
    })
    callback.append('__proto__', 'polluted')
    const { connection, returnUrl } = await container.get(IDS.Connections).complete('acme', { callback })

    expect(returnUrl).toBe('/settings')
    expect(connection).toMatchObject({ tenantId: tenant, scopes: ['ads.read'] })
    expect(await container.get(IDS.Connections).get(keyOf(stranger))).toBeUndefined()
    expect(acme.exchanges[0]?.parameters.get('redirect_uri')).toBe(acme.settings.redirectUri)
    expect(evil.requests).toHaveLength(0)
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('holds for the redirect URI that was registered when the flow began', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const { state } = await start(world.process(), newTenant())
    const moved = { ...acme.settings, redirectUri: 'https://app.example.com/elsewhere/callback' }
    const later = world.process({ providers: { oauth2: [moved] } })

    expect(await complete(later, { code: 'code', state })).toBe('connected')
    expect(acme.exchanges[0]?.parameters.get('redirect_uri')).toBe(acme.settings.redirectUri)
  })

  test('ends with the client id: a flow that began under another one is refused', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const { state } = await start(world.process(), newTenant())
    const later = world.process({ providers: { oauth2: [{ ...acme.settings, clientId: 'another' }] } })

    expect(await complete(later, { code: 'code', state })).toBe('state_invalid')
    expect(acme.exchanges).toHaveLength(0)
  })
})

test('two platforms cannot be set up with one redirect URI', async () => {
  const [acme, borealis] = [await startGrantingPlatform(), await startGrantingPlatform('borealis')]
  const world = await openWorld()
  const twin = { ...borealis.settings, redirectUri: acme.settings.redirectUri }

  expect(() => world.process({ providers: { oauth2: [acme.settings, twin] } })).toThrow(
    /every provider needs one of its own/,
  )
  expect(() => world.process({ providers: { oauth2: [acme.settings, acme.settings] } })).toThrow(
    /configured twice/,
  )
})

describe('over HTTP', () => {
  const principal: Principal = { tenantId: `tenant-${randomUUID()}`, userId: 'a1', sessionId: 's1' }

  test('what Host, X-Forwarded-Host and X-Tenant-ID claim changes nothing of an exchange', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme] })
    const container = world.process()
    const handler = createIntegrationsHandler({ container, baseUrl: ORIGIN, authenticate: () => principal })
    const browser = new Browser(handler, principal)
    const state = stateOf(await browser.submit(`${BASE}/acme/start`))
    const server = createServer((request, response) => void toNodeHandler(handler)(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    afterwards(() => server.close())
    const address = server.address()
    const answer = await new Promise<{ status: number | undefined; location: string | undefined }>(
      (resolve, reject) => {
        send(
          {
            host: '127.0.0.1',
            port: typeof address === 'object' ? address?.port : undefined,
            path: callbackFor('acme', state),
            headers: {
              host: 'evil.example',
              'x-forwarded-host': 'evil.example',
              'x-forwarded-proto': 'http',
              forwarded: 'host=evil.example',
              'x-tenant-id': 'tenant-b',
              cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
            },
          },
          (response) => {
            response.resume()
            resolve({ status: response.statusCode, location: response.headers.location })
          },
        )
          .on('error', reject)
          .end()
      },
    )

    expect(answer).toEqual({ status: 303, location: `${BASE}?integration=acme&result=connected` })
    expect(acme.exchanges[0]?.parameters.get('redirect_uri')).toBe(acme.settings.redirectUri)
    expect(await container.get(IDS.Connections).get(keyOf(principal.tenantId))).toBeDefined()
    expect(await container.get(IDS.Connections).get(keyOf('tenant-b'))).toBeUndefined()
  })

  test('a state that strays to the callback of another platform still works in its browser at its own', async () => {
    const [acme, borealis] = [await startGrantingPlatform(), await startGrantingPlatform('borealis')]
    const container = (await openWorld({ platforms: [acme, borealis] })).process()
    const handler = createIntegrationsHandler({ container, baseUrl: ORIGIN, authenticate: () => principal })
    const browser = new Browser(handler, principal)
    const state = stateOf(await browser.submit(`${BASE}/acme/start`))
    const strayed = await browser.get(callbackFor('borealis', state))

    expect(strayed.status).toBe(400)
    expect(await strayed.text()).toContain('state_invalid')
    expect([...acme.requests, ...borealis.requests]).toHaveLength(0)
    expect((await browser.get(callbackFor('acme', state))).headers.get('location')).toContain(
      'result=connected',
    )
  })

  test('nothing that the browser sees in a whole flow holds the verifier, nor do the keys of the store tell a state', async () => {
    const acme = await startGrantingPlatform()
    const world = await openWorld({ platforms: [acme], states: 'postgres' })
    const seen: string[] = []
    const container = world.process()
    const handler = createIntegrationsHandler({ container, baseUrl: ORIGIN, authenticate: () => principal })
    const browser = new Browser(async (request) => {
      const response = await handler(request)
      const body = await response.clone().text()
      seen.push(JSON.stringify([...response.headers]), body)
      return response
    }, principal)
    const state = stateOf(await browser.submit(`${BASE}/acme/start`))
    const { rows } = await world.pool.query<{ key: string; sealed: string }>(
      'SELECT key, sealed FROM integration_states',
    )
    const completed = await browser.get(callbackFor('acme', state))
    const verifier = acme.exchanges[0]?.parameters.get('code_verifier') ?? 'missing'

    expect(completed.headers.get('location')).toContain('result=connected')
    expect(verifier).toHaveLength(43)
    expect(seen.join('\n')).not.toContain(verifier)
    expect(rows).toHaveLength(1)
    for (const { key, sealed } of rows) {
      expect(`${key} ${sealed}`).not.toContain(state.slice(0, 20))
      expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain(verifier)
    }
    expect(completed.headers.get('referrer-policy')).toBe('no-referrer')
    expect(completed.headers.get('cache-control')).toBe('no-store')
    expect(completed.headers.get('location')).not.toMatch(/a-code|state=|access-for|refresh-for/)
    expect(await completed.text()).toBe('')
  })
})
