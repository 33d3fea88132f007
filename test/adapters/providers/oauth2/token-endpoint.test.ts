import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { OAuth2Definition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { oauth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import { failureOf, loopbackHttp, scriptedServer } from './scripted-server.ts'
import type { Scripted } from './scripted-server.ts'
import {
  acmeClient,
  acmeDefinition,
  code,
  redirectUri,
  refreshToken,
  verifier,
} from './standard-definition.ts'

const answer = {
  access_token: 'access-77',
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'refresh-next',
  scope: 'ads.read ads.write',
}
const grant = { code, redirectUri, codeVerifier: verifier }

async function exchangeWith(scripted: Scripted, more: Partial<OAuth2Definition> = {}) {
  const server = await scriptedServer(() => scripted)
  const work = acmeClient(server.url, more).exchangeCode(grant)
  return { server, work }
}

async function refreshWith(scripted: Scripted, more: Partial<OAuth2Definition> = {}) {
  const server = await scriptedServer(() => scripted)
  const work = acmeClient(server.url, more).refresh({ refreshToken })
  return { server, work }
}

describe('what is sent', () => {
  test('is the code with the stored redirect URI and the verifier, once, and the secret in a Basic header', async () => {
    const { server, work } = await exchangeWith({ body: answer })
    await work
    expect(server.seen).toHaveLength(1)
    const [request] = server.seen
    expect(request?.method).toBe('POST')
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: code.reveal(),
      redirect_uri: redirectUri,
      code_verifier: verifier.reveal(),
    })
    expect(request?.query.size).toBe(0)
    // RFC 6749 §2.3.1: form-encoded before Base64, so that a colon in the secret stays part of it.
    const expected = Buffer.from('client-1:secret%2B%2F%3D%26%3A1').toString('base64')
    expect(request?.headers.authorization).toBe(`Basic ${expected}`)
  })

  test('is the refresh token alone, and whatever the platform wants beside it', async () => {
    const token = { refreshParameters: { scope: 'ads.read' } }
    const { server, work } = await refreshWith({ body: answer }, { token })
    await work
    expect(Object.fromEntries(server.seen[0]?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: refreshToken.reveal(),
      scope: 'ads.read',
    })
  })

  test('carries id and secret in the body where the platform wants them there', async () => {
    const { server, work } = await exchangeWith({ body: answer }, { token: { clientAuthentication: 'post' } })
    await work
    expect(server.seen[0]?.form.get('client_id')).toBe('client-1')
    expect(server.seen[0]?.form.get('client_secret')).toBe('secret+/=&:1')
    expect(server.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('is JSON where the platform wants that', async () => {
    const token = { clientAuthentication: 'post', bodyFormat: 'json' } as const
    const { server, work } = await exchangeWith({ body: answer }, { token })
    await work
    expect(server.seen[0]?.headers['content-type']).toBe('application/json')
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({
      grant_type: 'authorization_code',
      code: code.reveal(),
      client_secret: 'secret+/=&:1',
    })
  })

  test('names a public client and proves nothing', async () => {
    const server = await scriptedServer(() => ({ body: answer }))
    const client = oauth2Client({
      definition: acmeDefinition(server.url),
      clientId: 'public-1',
      redirectUri,
      http: loopbackHttp(),
      allowLoopbackHttp: true,
    })
    await client.exchangeCode(grant)
    expect(server.seen[0]?.form.get('client_id')).toBe('public-1')
    expect(server.seen[0]?.form.has('client_secret')).toBe(false)
    expect(server.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('carries the headers of the definition', async () => {
    const token = { headers: { 'user-agent': 'acme-connector/1.0' } }
    const { server, work } = await refreshWith({ body: answer }, { token })
    await work
    expect(server.seen[0]?.headers['user-agent']).toBe('acme-connector/1.0')
  })

  test('is nothing at all when there is no refresh token', async () => {
    const server = await scriptedServer(() => ({ body: answer }))
    const failure = await failureOf(acmeClient(server.url).refresh({}))
    expect(failure).toMatchObject({
      kind: 'reauthorize',
      delivery: 'not_sent',
      providerCode: 'no_refresh_token',
    })
    expect(server.seen).toHaveLength(0)
  })
})

describe('a token answer', () => {
  test('becomes a token set', async () => {
    const { work } = await exchangeWith({ body: { ...answer, refresh_token_expires_in: '86400' } })
    const tokens = await work
    expect(tokens.accessToken.reveal()).toBe('access-77')
    expect(tokens.refreshToken?.reveal()).toBe('refresh-next')
    expect(tokens.expiresInMs).toBe(3_600_000)
    expect(tokens.refreshExpiresInMs).toBe(86_400_000)
    expect(tokens.grantedScopes).toEqual(['ads.read', 'ads.write'])
  })

  test.each([
    [3600.5, 3_600_000],
    ['3600', 3_600_000],
    [0, null],
    [-1, null],
    [null, null],
    [1e12, null],
    ['soon', null],
    [{}, null],
    [undefined, null],
  ])('with expires_in %j lives %j ms', async (expiresIn, expected) => {
    const { work } = await exchangeWith({ body: { ...answer, expires_in: expiresIn } })
    expect((await work).expiresInMs).toBe(expected)
  })

  test.each([undefined, null, ''])('with the refresh token %j has none', async (value) => {
    const { work } = await refreshWith({ body: { ...answer, refresh_token: value } })
    expect(await work).not.toHaveProperty('refreshToken')
  })

  test('without token_type and scope is taken as bearer, with the scopes that were asked for', async () => {
    const { work } = await exchangeWith({ body: { access_token: 'a' } })
    expect(await work).not.toHaveProperty('grantedScopes')
  })

  test.each([
    ['no access token', { ...answer, access_token: undefined }],
    ['an empty access token', { ...answer, access_token: '' }],
    ['a number as access token', { ...answer, access_token: 5 }],
    ['an array as access token', { ...answer, access_token: ['a'] }],
    ['a line break in the access token', { ...answer, access_token: 'a\r\nx: y' }],
    ['a number as refresh token', { ...answer, refresh_token: 5 }],
    ['an object as refresh token', { ...answer, refresh_token: {} }],
    ['a foreign token type', { ...answer, token_type: 'mac' }],
    ['a number as token type', { ...answer, token_type: 1 }],
    ['null', 'null'],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['a number', '5'],
    ['nothing', ''],
    ['HTML', '<html><body>Please sign in</body></html>'],
    ['half a JSON', JSON.stringify(answer).slice(0, 40)],
  ])('with %s is unusable, and the platform may have acted', async (_, body) => {
    const { server, work } = await refreshWith({ body })
    expect(await failureOf(work)).toMatchObject({
      kind: 'transient',
      delivery: 'uncertain',
      providerCode: 'response_invalid',
    })
    expect(server.seen).toHaveLength(1)
  })

  test('with the code of a success and no token is unusable, and the platform may have acted', async () => {
    const token = { success: { path: 'code', equals: 0 }, dataPath: 'data' }
    const { work } = await refreshWith({ body: { code: 0, data: {} } }, { token })
    expect(await failureOf(work)).toMatchObject({ delivery: 'uncertain', providerCode: 'response_invalid' })
  })

  test('cannot reach a prototype, at whatever depth', async () => {
    const body = JSON.stringify(answer).replace(
      '{',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    )
    const { work } = await exchangeWith({ body })
    await work
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    const token = { dataPath: '__proto__' }
    const other = await exchangeWith({ body: '{"__proto__":{"access_token":"a"}}' }, { token })
    expect((await other.work).accessToken.reveal()).toBe('a')
  })

  test('is found where the definition says, and judged as it says', async () => {
    const token = { success: { path: 'code', equals: 0 }, dataPath: 'data' }
    const { work } = await exchangeWith({ body: { code: 0, data: answer } }, { token })
    expect((await work).accessToken.reveal()).toBe('access-77')
    const failures = { restartFlow: ['40110'], reauthorize: ['40105'] }
    const bad = await exchangeWith({ body: { code: 40110 } }, { token, failures })
    expect(await failureOf(bad.work)).toMatchObject({ kind: 'restart_flow', providerCode: '40110' })
    const dead = await refreshWith({ body: { code: 40105 } }, { token, failures })
    expect(await failureOf(dead.work)).toMatchObject({ kind: 'reauthorize', providerCode: '40105' })
  })
})

describe('a refusal', () => {
  const error = (code: string, status = 400): Scripted => ({ status, body: { error: code } })

  test.each([
    ['invalid_grant', 400, 'restart_flow', 'reauthorize'],
    ['invalid_client', 401, 'misconfigured', 'misconfigured'],
    ['unauthorized_client', 400, 'misconfigured', 'misconfigured'],
    ['invalid_request', 400, 'misconfigured', 'misconfigured'],
    ['invalid_scope', 400, 'misconfigured', 'misconfigured'],
    ['unsupported_grant_type', 400, 'misconfigured', 'misconfigured'],
    ['redirect_uri_mismatch', 400, 'misconfigured', 'misconfigured'],
    ['access_denied', 400, 'permission', 'permission'],
    ['temporarily_unavailable', 400, 'transient', 'transient'],
    ['something_new', 400, 'transient', 'transient'],
    ['constructor', 400, 'transient', 'transient'],
    ['slow_down', 400, 'rate_limited', 'rate_limited'],
  ])(
    '%s (%i) means %s for a code and %s for a refresh token',
    async (code, status, atExchange, atRefresh) => {
      const exchanged = await exchangeWith(error(code, status))
      expect(await failureOf(exchanged.work)).toMatchObject({ kind: atExchange, delivery: 'answered' })
      const refreshed = await refreshWith(error(code, status))
      expect(await failureOf(refreshed.work)).toMatchObject({ kind: atRefresh, delivery: 'answered' })
      expect(refreshed.server.seen).toHaveLength(1)
    },
  )

  test('with a server error never ends a credential, whatever it says, and may have acted', async () => {
    for (const status of [500, 502, 503, 504]) {
      const { work } = await refreshWith(error('invalid_grant', status))
      expect(await failureOf(work)).toMatchObject({ kind: 'transient', delivery: 'uncertain' })
    }
  })

  test('in a success answer never ends a credential', async () => {
    const { work } = await refreshWith(error('invalid_grant', 200))
    expect(await failureOf(work)).toMatchObject({ kind: 'transient', delivery: 'answered' })
  })

  test('with 401 and no body is about the app', async () => {
    const { work } = await refreshWith({ status: 401 })
    expect(await failureOf(work)).toMatchObject({ kind: 'misconfigured', providerCode: 'http_401' })
  })

  test.each([403, 404, 418])(
    'with %i and a page of HTML is a bad minute, and may have acted',
    async (status) => {
      const { work } = await refreshWith({ status, body: '<h1>Blocked</h1>' })
      expect(await failureOf(work)).toMatchObject({
        kind: 'transient',
        delivery: 'uncertain',
        providerCode: `http_${status}`,
      })
    },
  )

  test('by 429 says how long to wait, in seconds or by date', async () => {
    const now = Date.UTC(2026, 10, 24, 12, 0, 0)
    for (const [header, expected] of [
      ['30', 30_000],
      [new Date(now + 45_000).toUTCString(), 45_000],
      ['abc', undefined],
    ] as const) {
      const server = await scriptedServer(() => ({ status: 429, headers: { 'retry-after': header } }))
      const failure = await failureOf(acmeClient(server.url, {}, () => now).refresh({ refreshToken }))
      expect(failure).toMatchObject({ kind: 'rate_limited', delivery: 'answered' })
      expect(failure.retryAfterMs).toBe(expected)
    }
  })

  test.each([
    ['the whole app, unless its definition says otherwise', {}, 'app'],
    ['one connection, where the platform counts for each account', { throttles: 'connection' }, 'connection'],
  ] as const)('that asks to wait concerns %s', async (_title, more, concerns) => {
    for (const answered of [{ status: 429 }, error('slow_down')]) {
      for (const { work } of [await refreshWith(answered, more), await exchangeWith(answered, more)]) {
        expect(await failureOf(work)).toMatchObject({ kind: 'rate_limited', concerns })
      }
    }
    const { work } = await refreshWith(error('invalid_client', 401), more)
    expect(await failureOf(work)).toMatchObject({ kind: 'misconfigured', concerns: 'app' })
  })

  test('in the words of the platform is understood as its definition says', async () => {
    const failures = { reauthorize: ['interaction_required'], misconfigured: ['bad_app'], permission: ['no'] }
    const kinds = await Promise.all(
      ['interaction_required', 'bad_app', 'no'].map(async (code) => {
        const { work } = await refreshWith(error(code), { failures })
        return (await failureOf(work)).kind
      }),
    )
    expect(kinds).toEqual(['reauthorize', 'misconfigured', 'permission'])
  })

  test('by redirect is not followed', async () => {
    const trap = await scriptedServer(() => ({ body: answer }))
    for (const status of [301, 302, 303, 307, 308]) {
      const { work } = await refreshWith({ status, headers: { location: trap.url } })
      expect(await failureOf(work)).toMatchObject({ kind: 'transient', delivery: 'uncertain' })
    }
    expect(trap.seen).toHaveLength(0)
  })

  test('that echoes a secret, even as its code, leaves no trace of it', async () => {
    const secret = refreshToken.reveal()
    for (const body of [
      { error: secret, error_description: secret },
      { error: 'invalid_grant', error_description: secret },
      `<p>${secret}</p>`,
    ]) {
      for (const status of [200, 400, 401, 500]) {
        const { work } = await refreshWith({ status, body })
        const failure = await failureOf(work)
        expect(inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(failure)).not.toContain(
          secret,
        )
      }
    }
  })

  test('by nobody at all was certainly not acted on', async () => {
    const failure = await failureOf(acmeClient('http://127.0.0.1:9').refresh({ refreshToken }))
    expect(failure).toMatchObject({ kind: 'transient', delivery: 'not_sent' })
  })
})
