import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startAuthorizationServer } from '../../../../dev/services/authorization-server.ts'
import type { AuthorizationServer } from '../../../../dev/services/authorization-server.ts'
import { oauth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import type { OAuth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import type { TokenSet } from '../../../../src/domain/model/token-set.ts'
import { parseCallback } from '../../../../src/domain/model/callback.ts'
import { failureOf, loopbackHttp } from './scripted-server.ts'
import { redirectUri, verifier } from './standard-definition.ts'

// Against oidc-provider, which requires PKCE, rotates refresh tokens and kills a grant whose old token turns up.

let server: AuthorizationServer
let client: OAuth2Client

beforeEach(async () => {
  server = await startAuthorizationServer({ redirectUri, accessTokenTtlSeconds: 60 })
  const { definition, clientId, clientSecret } = server
  const http = loopbackHttp()
  client = oauth2Client({ definition, clientId, clientSecret, redirectUri, http, allowLoopbackHttp: true })
})

afterEach(() => server.close())

async function codeFor(codeVerifier: Secret): Promise<Secret> {
  const codeChallenge = createHash('sha256').update(codeVerifier.reveal()).digest('base64url')
  const url = client.authorizationUrl({ state: 'state-1', codeChallenge })
  const response = parseCallback(
    (await server.consent(url)).searchParams,
    client.authorization.codeParameters,
  )
  expect(response.state).toBe('state-1')
  expect(response.iss).toBe(client.authorization.iss?.value)
  if (response.outcome.kind !== 'code') throw response.outcome.error
  return response.outcome.code
}

async function connect(): Promise<TokenSet> {
  const code = await codeFor(verifier)
  return client.exchangeCode({ code, redirectUri, codeVerifier: verifier })
}

describe('against a certified authorization server', () => {
  test('a code becomes tokens that tell who granted', async () => {
    const tokens = await connect()
    expect(tokens.expiresInMs).toBe(60_000)
    expect(await client.examine(tokens.accessToken, tokens.grantedScopes)).toMatchObject({
      subject: { issuer: server.issuer, id: 'ada' },
      missingScopes: [],
    })
    await client.verify(tokens.accessToken)
  })

  test('a code works once, and only with its verifier', async () => {
    const code = await codeFor(verifier)
    const other = new Secret('another-verifier-that-is-also-long-enough-45')
    const injected = client.exchangeCode({ code, redirectUri, codeVerifier: other })
    expect(await failureOf(injected)).toMatchObject({ kind: 'restart_flow', providerCode: 'invalid_grant' })
    const fresh = await codeFor(verifier)
    await client.exchangeCode({ code: fresh, redirectUri, codeVerifier: verifier })
    const again = client.exchangeCode({ code: fresh, redirectUri, codeVerifier: verifier })
    expect(await failureOf(again)).toMatchObject({ kind: 'restart_flow' })
  })

  test('a refresh rotates, and the old refresh token kills the grant', async () => {
    const first = await connect()
    const second = await client.refresh(first)
    expect(second.refreshToken?.equals(first.refreshToken ?? second.accessToken)).toBe(false)
    expect(await failureOf(client.refresh(first))).toMatchObject({
      kind: 'reauthorize',
      delivery: 'answered',
    })
    expect(await failureOf(client.refresh(second))).toMatchObject({ kind: 'reauthorize' })
  })

  test('an answer that is lost on the way leaves open whether the token was rotated', async () => {
    const tokens = await connect()
    server.failTokenAnswers({ kind: 'cut' })
    expect(await failureOf(client.refresh(tokens))).toMatchObject({
      kind: 'transient',
      delivery: 'uncertain',
    })
    expect(server.exchanges.filter(({ grantType }) => grantType === 'refresh_token')).toHaveLength(1)
    server.failTokenAnswers({ kind: 'answer', status: 502, body: '<h1>Bad gateway</h1>' })
    const code = await codeFor(verifier)
    const lost = client.exchangeCode({ code, redirectUri, codeVerifier: verifier })
    expect(await failureOf(lost)).toMatchObject({ kind: 'transient', delivery: 'uncertain' })
  })

  test('a revocation ends the grant, and doing it again is as good', async () => {
    const tokens = await connect()
    expect(await server.isAccepted(tokens.accessToken.reveal())).toBe(true)
    await client.revoke(tokens)
    expect(await server.isAccepted(tokens.accessToken.reveal())).toBe(false)
    expect(await failureOf(client.verify(tokens.accessToken))).toMatchObject({ kind: 'reauthorize' })
    expect(await failureOf(client.refresh(tokens))).toMatchObject({ kind: 'reauthorize' })
    await client.revoke(tokens)
  })

  test('a wrong secret is the fault of the app and of no connection', async () => {
    const tokens = await connect()
    const { definition, clientId } = server
    const wrong = oauth2Client({
      definition,
      clientId,
      clientSecret: 'not-the-secret',
      redirectUri,
      http: loopbackHttp(),
      allowLoopbackHttp: true,
    })
    expect(await failureOf(wrong.refresh(tokens))).toMatchObject({
      kind: 'misconfigured',
      providerCode: 'invalid_client',
    })
    await client.refresh(tokens)
  })
})
