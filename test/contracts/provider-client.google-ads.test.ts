import { test } from 'vitest'
import { googleAdsClient } from '../../src/adapters/providers/google-ads/google-ads-client.ts'
import { createProviderHttp } from '../../src/adapters/providers/http/provider-http.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import type { FailureKind } from '../../src/domain/provider-failure.ts'
import { providerClientContract } from '../../src/testing/contracts/provider-client.contract.ts'
import type {
  ProviderClientHarness,
  ProviderRefusal,
} from '../../src/testing/contracts/provider-client/harness.ts'
import type { PlatformAnswer, PlatformRequest } from '../../src/testing/scripted-platform.ts'

const clientSecret = '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'
const developerToken = 'developer-token-00112233445566'
const accessToken = 'ya29.a0-0f1e2d3c4b5a69788796a5b4c3'
const refreshToken = '1//0g-a1b2c3d4e5f60718293a4b5c6d7e'
const code = '4/0A-0a1b2c3d4e5f60718293a4b5c6d7'
const verifier = 'code-verifier-000102030405060708090a0b0c0d0e0f'
const redirectUri = 'https://app.example.com/api/integrations/google_ads/callback'

providerClientContract(test, open)

function open(url: string): ProviderClientHarness {
  const hardTimeoutMs = 500
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs })
  const client = googleAdsClient({
    clientId: 'client-1',
    clientSecret,
    developerToken,
    redirectUri,
    http,
    allowLoopbackHttp: true,
    endpoints: {
      authorization: `${url}/auth`,
      token: `${url}/token`,
      revoke: `${url}/revoke`,
      ads: `${url}/v25`,
      userinfo: `${url}/userinfo`,
    },
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
        sends: { client_id: 'client-1', client_secret: clientSecret, code, code_verifier: verifier },
      },
      {
        name: 'refresh',
        run: () => client.refresh(tokens),
        answer,
        sends: { grant_type: 'refresh_token', refresh_token: refreshToken, client_secret: clientSecret },
      },
      { name: 'examine', run: () => client.examine(tokens.accessToken), answer },
      { name: 'verify', run: () => client.verify(tokens.accessToken), answer, takesEmptyObject: true },
      {
        name: 'revoke',
        run: () => client.revoke(tokens),
        answer,
        sends: { token: refreshToken },
        ignoresBody: true,
      },
    ],
    refusals,
    secrets: [clientSecret, developerToken, accessToken, refreshToken, code, verifier],
    hardTimeoutMs,
    close: () => http.close(),
  }
}

const bodies: Readonly<Record<string, unknown>> = {
  '/token': { access_token: 'ya29.another', token_type: 'Bearer', expires_in: 3599, scope: 'openid' },
  '/userinfo': { sub: '110169484474386276334' },
  '/revoke': {},
  '/v25/customers:listAccessibleCustomers': { resourceNames: ['customers/1234567890'] },
  '/v25/customers/1234567890/googleAds:searchStream': [
    { results: [{ customer: { id: '1234567890', descriptiveName: 'Shop', status: 'ENABLED' } }] },
  ],
}

function answer({ path }: PlatformRequest): PlatformAnswer {
  return { body: JSON.stringify(bodies[path]) }
}

function oauthError(error: string, status = 400): PlatformAnswer {
  return { status, body: JSON.stringify({ error, error_description: 'No.' }) }
}

function adsError(status: number, family: string, errorCode: string): PlatformAnswer {
  const details = [{ errors: [{ errorCode: { [family]: errorCode }, message: 'No.' }] }]
  return { status, body: JSON.stringify({ error: { code: status, message: 'No.', details } }) }
}

const adsErrors: readonly (readonly [PlatformAnswer, FailureKind])[] = [
  [adsError(401, 'authenticationError', 'OAUTH_TOKEN_REVOKED'), 'reauthorize'],
  [adsError(401, 'authenticationError', 'OAUTH_TOKEN_EXPIRED'), 'reauthorize'],
  [adsError(401, 'authenticationError', 'ADVANCED_PROTECTION_NOT_ENROLLED'), 'permission'],
  [adsError(403, 'authorizationError', 'PROJECT_DISABLED'), 'misconfigured'],
  [adsError(400, 'requestError', 'UNSUPPORTED_VERSION'), 'misconfigured'],
  [adsError(429, 'quotaError', 'RESOURCE_EXHAUSTED'), 'rate_limited'],
  [adsError(500, 'internalError', 'INTERNAL_ERROR'), 'transient'],
  [{ status: 401, body: '<title>Proxy</title>' }, 'transient'],
]

const refusals: readonly ProviderRefusal[] = [
  ...adsErrors.map(([each, means]) => ({
    call: 'verify' as const,
    title: String(each.body),
    answer: each,
    means,
  })),
  {
    call: 'verify',
    title: 'a login that never used Google Ads',
    answer: adsError(401, 'authenticationError', 'NOT_ADS_USER'),
    means: 'success',
  },
  { call: 'exchangeCode', title: 'a bad code', answer: oauthError('invalid_grant'), means: 'restart_flow' },
  { call: 'refresh', title: 'a dead token', answer: oauthError('invalid_grant'), means: 'reauthorize' },
  { call: 'refresh', title: 'no app', answer: oauthError('deleted_client', 401), means: 'misconfigured' },
  { call: 'refresh', title: 'policy', answer: oauthError('admin_policy_enforced'), means: 'permission' },
  { call: 'refresh', title: 'a hiccup', answer: oauthError('internal_failure'), means: 'transient' },
  { call: 'revoke', title: 'of a dead token', answer: oauthError('invalid_token'), means: 'success' },
]
