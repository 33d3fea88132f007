import { test } from 'vitest'
import { createProviderHttp } from '../../src/adapters/providers/http/provider-http.ts'
import { oauth2Client } from '../../src/adapters/providers/oauth2/oauth2-client.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import type { FailureKind } from '../../src/domain/provider-failure.ts'
import { providerClientContract } from '../../src/testing/contracts/provider-client.contract.ts'
import type {
  ProviderClientHarness,
  ProviderRefusal,
} from '../../src/testing/contracts/provider-client/harness.ts'
import type { PlatformAnswer, PlatformRequest } from '../../src/testing/scripted-platform.ts'

const clientSecret = 'client-secret-5f0c1d2e3b4a5968778695a4'
const accessToken = 'access-token-0f1e2d3c4b5a69788796a5b4c3'
const refreshToken = 'refresh-token-a1b2c3d4e5f60718293a4b5c'
const code = 'authorization-code-0a1b2c3d4e5f607182'
const verifier = 'code-verifier-000102030405060708090a0b0c0d0e0f'
const redirectUri = 'https://app.example.com/api/integrations/acme/callback'

providerClientContract(test, open)

function open(url: string): ProviderClientHarness {
  const hardTimeoutMs = 500
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs })
  const client = oauth2Client({
    definition: {
      provider: 'acme',
      displayName: 'Acme Ads',
      issuer: url,
      endpoints: { authorization: `${url}/authorize`, token: `${url}/token` },
      authorization: { scopes: ['ads'] },
      revocation: { url: `${url}/revoke`, ends: 'token' },
      identity: {
        url: `${url}/me`,
        subject: 'sub',
        subjectName: 'name',
        accounts: { path: 'accounts', id: 'id', name: 'name' },
      },
    },
    clientId: 'client-1',
    clientSecret,
    redirectUri,
    http,
    allowLoopbackHttp: true,
  })
  const grant = { code: new Secret(code), redirectUri, codeVerifier: new Secret(verifier) }
  const tokens = { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken) }
  return {
    client,
    calls: [
      {
        name: 'exchangeCode',
        run: () => client.exchangeCode(grant),
        answer,
        sends: {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          code_verifier: verifier,
        },
      },
      {
        name: 'refresh',
        run: () => client.refresh(tokens),
        answer,
        sends: { grant_type: 'refresh_token', refresh_token: refreshToken },
      },
      { name: 'examine', run: () => client.examine(tokens.accessToken), answer },
      { name: 'verify', run: () => client.verify(tokens.accessToken), answer },
      {
        name: 'revoke',
        run: () => client.revoke(tokens),
        answer,
        sends: { token: refreshToken, token_type_hint: 'refresh_token' },
        ignoresBody: true,
      },
    ],
    refusals,
    secrets: [clientSecret, accessToken, refreshToken, code, verifier],
    hardTimeoutMs,
    close: () => http.close(),
  }
}

function answer({ path }: PlatformRequest): PlatformAnswer {
  const tokens = { access_token: 'another', token_type: 'Bearer', expires_in: 3600, refresh_token: 'next' }
  const me = { sub: 'ada', name: 'Ada Lindqvist', accounts: [{ id: '1', name: 'Shop' }] }
  return { body: JSON.stringify(path === '/token' ? tokens : path === '/me' ? me : {}) }
}

function oauthError(error: string, status = 400): PlatformAnswer {
  return { status, body: JSON.stringify({ error, error_description: 'No.' }) }
}

const endpointErrors: readonly (readonly [PlatformAnswer, FailureKind])[] = [
  [oauthError('invalid_client', 401), 'misconfigured'],
  [oauthError('unauthorized_client'), 'misconfigured'],
  [oauthError('invalid_request'), 'misconfigured'],
  [oauthError('invalid_scope'), 'misconfigured'],
  [oauthError('unsupported_grant_type'), 'misconfigured'],
  [oauthError('temporarily_unavailable'), 'transient'],
  [oauthError('unheard_of'), 'transient'],
  [{ status: 401, body: '' }, 'misconfigured'],
  [{ status: 403, body: '<title>Blocked</title>' }, 'transient'],
]

const refusals: readonly ProviderRefusal[] = [
  ...(['exchangeCode', 'refresh', 'revoke'] as const).flatMap((call) =>
    endpointErrors.map(([each, means]) => ({ call, title: String(each.body), answer: each, means })),
  ),
  { call: 'exchangeCode', title: 'a bad code', answer: oauthError('invalid_grant'), means: 'restart_flow' },
  { call: 'refresh', title: 'a dead token', answer: oauthError('invalid_grant'), means: 'reauthorize' },
  { call: 'refresh', title: 'in a success', answer: oauthError('invalid_grant', 200), means: 'transient' },
  { call: 'revoke', title: 'of a dead token', answer: oauthError('invalid_token'), means: 'success' },
  { call: 'verify', title: 'a dead token', answer: oauthError('invalid_token', 401), means: 'reauthorize' },
  { call: 'examine', title: 'a scope', answer: oauthError('insufficient_scope', 403), means: 'permission' },
]
