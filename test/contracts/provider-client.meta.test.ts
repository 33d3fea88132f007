import { test } from 'vitest'
import { createProviderHttp } from '../../src/adapters/providers/http/provider-http.ts'
import { metaClient } from '../../src/adapters/providers/meta/meta-client.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import { providerClientContract } from '../../src/testing/contracts/provider-client.contract.ts'
import type { ProviderClientHarness } from '../../src/testing/contracts/provider-client/harness.ts'
import type { PlatformAnswer, PlatformRequest } from '../../src/testing/scripted-platform.ts'

const appSecret = 'appsecret5f0c1d2e3b4a5968778695a4b3c2d1e0'
const accessToken = 'EAABusertoken0f1e2d3c4b5a69788796a5b4c3d2e1f0'
const code = 'AQauthorizationcode0f1e2d3c4b5a69788796a5b4'
const redirectUri = 'https://app.example.com/api/integrations/meta/callback'

providerClientContract(test, open)

function open(url: string): ProviderClientHarness {
  const hardTimeoutMs = 500
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs })
  const client = metaClient({
    appId: '138483919580948',
    appSecret,
    redirectUri,
    http,
    allowLoopbackHttp: true,
    endpoints: { authorization: `${url}/dialog/oauth`, graph: url },
  })
  const token = new Secret(accessToken)
  return {
    client,
    calls: [
      {
        name: 'exchangeCode',
        run: () => client.exchangeCode({ code: new Secret(code), redirectUri }),
        answer,
        sends: { client_id: '138483919580948', client_secret: appSecret, redirect_uri: redirectUri, code },
      },
      {
        name: 'refresh',
        run: () => client.refresh({ accessToken: token }),
        answer: answerWithoutEnd,
        sends: {
          client_id: '138483919580948',
          client_secret: appSecret,
          grant_type: 'fb_exchange_token',
          fb_exchange_token: accessToken,
        },
      },
      { name: 'examine', run: () => client.examine(token), answer },
      { name: 'verify', run: () => client.verify(token), answer, sends: { input_token: accessToken } },
      { name: 'revoke', run: () => client.revoke({ accessToken: token }), answer },
    ],
    refusals,
    secrets: [appSecret, accessToken, code],
    secretPaths: ['/debug_token'],
    hardTimeoutMs,
    close: () => http.close(),
  }
}

function answer({ path, method }: PlatformRequest): PlatformAnswer {
  const body = method === 'DELETE' ? { success: true } : bodies[path]
  return { body: JSON.stringify(body) }
}

/** Where the exchange names no end, `debug_token` is asked for it, and says here that there is none. */
function answerWithoutEnd(request: PlatformRequest): PlatformAnswer {
  const endless = { data: { is_valid: true, expires_at: 0 } }
  return request.path === '/debug_token' ? { body: JSON.stringify(endless) } : answer(request)
}

const bodies: Readonly<Record<string, unknown>> = {
  '/oauth/access_token': { access_token: 'EAABanother', token_type: 'bearer', expires_in: 5_183_944 },
  '/debug_token': {
    data: {
      app_id: '138483919580948',
      type: 'USER',
      expires_at: 1_795_000_000,
      data_access_expires_at: 1_800_000_000,
      issued_at: 1_789_800_000,
      is_valid: true,
      scopes: ['ads_read', 'ads_management'],
      user_id: '1207059',
    },
  },
  '/me': { id: '1207059', name: 'Ada Lindqvist' },
  '/me/permissions': { data: [{ permission: 'ads_read', status: 'granted' }] },
  '/me/adaccounts': {
    data: [{ id: 'act_123', account_id: '123', name: 'Shop', account_status: 1, currency: 'USD' }],
    paging: { cursors: { before: 'a', after: 'b' } },
  },
}

interface GraphProblem {
  readonly status?: number
  readonly subcode?: number
  readonly message?: string
  readonly isTransient?: boolean
}

function problem(
  number: number,
  { status = 400, subcode, message, isTransient }: GraphProblem = {},
): PlatformAnswer {
  const error = {
    message: message ?? 'Emulated',
    type: 'OAuthException',
    code: number,
    error_subcode: subcode,
    is_transient: isTransient,
    fbtrace_id: 'EJplcsCHuLu',
  }
  return { status, body: JSON.stringify({ error }) }
}

const dead = [
  ...[undefined, 458, 459, 460, 463, 464, 467, 492].map((subcode) =>
    problem(190, subcode ? { subcode } : {}),
  ),
  problem(190, { status: 401 }),
  problem(190, { status: 500 }),
  problem(190, { status: 200, subcode: 460 }),
  problem(102),
]
const throttles = [
  ...[4, 17, 32, 341, 613, 80000, 80001, 80004, 80008, 80009, 80014].map((number) => problem(number)),
  problem(4, { status: 403, isTransient: true }),
  problem(100, { subcode: 2_446_079 }),
]
const passing = [
  problem(1),
  problem(2, { status: 500, isTransient: true }),
  problem(190, { isTransient: true }),
  problem(104),
  problem(960),
  problem(99),
  problem(368),
  problem(123_456),
  { status: 400, body: '{"error":"invalid_grant"}' },
  { status: 400, body: '{"error":{"code":"190","message":"as text"}}' },
  { status: 401, body: '<title>Unauthorized</title>' },
]
const ours = [
  problem(1, { message: 'Error validating client secret.' }),
  problem(3),
  problem(100, { message: 'Invalid appsecret_proof provided in the API argument' }),
  problem(101),
  problem(191),
  problem(2500),
]
const forbidden = [problem(10), problem(200, { status: 403 }), problem(230), problem(299)]

const refusals = [
  ...rows('refresh', dead, 'reauthorize'),
  ...rows('refresh', throttles, 'rate_limited'),
  ...rows('refresh', passing, 'transient'),
  ...rows('refresh', ours, 'misconfigured'),
  ...rows('examine', forbidden, 'permission'),
  ...rows('exchangeCode', dead, 'restart_flow'),
  ...rows(
    'exchangeCode',
    [undefined, 36007, 36008, 36009].map((subcode) => problem(100, subcode ? { subcode } : {})),
    'restart_flow',
  ),
  ...rows('exchangeCode', [problem(191), problem(101)], 'misconfigured'),
  // Asked with the app's own token, so that its refusal is about the app.
  ...rows('verify', [problem(190), problem(190, { subcode: 463 }), problem(101)], 'misconfigured'),
  ...rows('verify', [{ body: '{"data":{"is_valid":false,"scopes":[]}}' }], 'reauthorize'),
  ...rows('verify', [{ body: '{"data":{"is_valid":true,"app_id":"1"}}' }], 'misconfigured'),
  ...rows('revoke', dead, 'success'),
  ...rows('revoke', forbidden, 'permission'),
  ...rows('revoke', [{ body: '{"success":false}' }, ...passing], 'transient'),
]

function rows(
  call: ProviderClientHarness['refusals'][number]['call'],
  answers: readonly PlatformAnswer[],
  means: ProviderClientHarness['refusals'][number]['means'],
): ProviderClientHarness['refusals'] {
  return answers.map((each) => ({
    call,
    title: `HTTP ${each.status} ${JSON.stringify(each.body)}`,
    answer: each,
    means,
  }))
}
