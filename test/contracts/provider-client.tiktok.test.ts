import { test } from 'vitest'
import { createProviderHttp } from '../../src/adapters/providers/http/provider-http.ts'
import { tiktokClient } from '../../src/adapters/providers/tiktok/tiktok-client.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import type { FailureKind } from '../../src/domain/provider-failure.ts'
import { providerClientContract } from '../../src/testing/contracts/provider-client.contract.ts'
import type {
  ProviderClientHarness,
  ProviderRefusal,
} from '../../src/testing/contracts/provider-client/harness.ts'
import type { PlatformAnswer, PlatformRequest } from '../../src/testing/scripted-platform.ts'

const appId = '7239012345678901234'
const appSecret = 'app-secret-5f0c1d2e3b4a5968778695a4b3c2'
const accessToken = 'access-token-0f1e2d3c4b5a69788796a5b4c3'
const code = 'auth-code-0a1b2c3d4e5f60718293a4b5c6d7e8'
const redirectUri = 'https://app.example.com/api/integrations/tiktok/callback'

providerClientContract(test, open)

function open(url: string): ProviderClientHarness {
  const hardTimeoutMs = 500
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs })
  const client = tiktokClient({
    appId,
    appSecret,
    redirectUri,
    http,
    allowLoopbackHttp: true,
    endpoints: { authorization: `${url}/portal/auth`, api: url },
  })
  const token = new Secret(accessToken)
  return {
    client,
    calls: [
      {
        name: 'exchangeCode',
        run: () => client.exchangeCode({ code: new Secret(code), redirectUri }),
        answer,
        sends: { app_id: appId, secret: appSecret, auth_code: code },
      },
      { name: 'examine', run: () => client.examine(token), answer },
      { name: 'verify', run: () => client.verify(token), answer, sends: { app_id: appId } },
      {
        name: 'revoke',
        run: () => client.revoke({ accessToken: token }),
        answer,
        sends: { app_id: appId, secret: appSecret, access_token: accessToken },
      },
    ],
    refusals,
    secrets: [appSecret, accessToken, code],
    // TikTok takes the app's secret nowhere else.
    secretPaths: ['/oauth2/advertiser/get/'],
    hardTimeoutMs,
    close: () => http.close(),
  }
}

const data: Readonly<Record<string, unknown>> = {
  '/oauth2/access_token/': { access_token: 'another', scope: [1, 4], advertiser_ids: ['7001'] },
  '/oauth2/advertiser/get/': { list: [{ advertiser_id: '7001', advertiser_name: 'Shop' }] },
  '/advertiser/info/': { list: [{ advertiser_id: '7001', name: 'Shop', status: 'STATUS_ENABLE' }] },
}

function answer({ path }: PlatformRequest): PlatformAnswer {
  return envelope(0, data[path] ?? {})
}

function envelope(number: number, inside: unknown = {}): PlatformAnswer {
  return { body: JSON.stringify({ code: number, message: 'OK', request_id: '2026', data: inside }) }
}

const apiCodes: readonly (readonly [number, FailureKind])[] = [
  [40106, 'reauthorize'],
  [40001, 'permission'],
  [40100, 'rate_limited'],
  [40133, 'rate_limited'],
  [40113, 'misconfigured'],
  [40002, 'misconfigured'],
  [50000, 'transient'],
  [51305, 'transient'],
  [60001, 'transient'],
  [12345, 'transient'],
]

const refusals: readonly ProviderRefusal[] = [
  ...(['examine', 'verify', 'revoke'] as const).flatMap((call) =>
    apiCodes.map(([number, means]) => ({ call, title: String(number), answer: envelope(number), means })),
  ),
  { call: 'verify', title: 'an expired token', answer: envelope(40102), means: 'reauthorize' },
  { call: 'verify', title: 'a revoked token', answer: envelope(40105), means: 'reauthorize' },
  { call: 'revoke', title: 'of a revoked token', answer: envelope(40105), means: 'success' },
  { call: 'exchangeCode', title: 'a used code', answer: envelope(40110), means: 'restart_flow' },
  { call: 'exchangeCode', title: 'an old code', answer: envelope(40115), means: 'restart_flow' },
  { call: 'exchangeCode', title: 'a wrong secret', answer: envelope(40113), means: 'misconfigured' },
  { call: 'verify', title: 'a lost slash', answer: { status: 404 }, means: 'misconfigured' },
]
