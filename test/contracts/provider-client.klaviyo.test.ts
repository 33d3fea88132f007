import { test } from 'vitest'
import { createProviderHttp } from '../../src/adapters/providers/http/provider-http.ts'
import { klaviyoClient } from '../../src/adapters/providers/klaviyo/klaviyo-client.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import type { FailureKind } from '../../src/domain/provider-failure.ts'
import { providerClientContract } from '../../src/testing/contracts/provider-client.contract.ts'
import type { ProviderClientHarness } from '../../src/testing/contracts/provider-client/harness.ts'
import type { PlatformAnswer, PlatformRequest } from '../../src/testing/scripted-platform.ts'

const apiKey = 'pk_EMUFUL_0f1e2d3c4b5a69788796a5b4c3d2e1f0'

providerClientContract(test, open)

function open(url: string): ProviderClientHarness {
  const hardTimeoutMs = 500
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs })
  const client = klaviyoClient({ http, allowLoopbackHttp: true, endpoints: { api: `${url}/api` } })
  const key = new Secret(apiKey)
  return {
    client,
    calls: [
      { name: 'examine', run: () => client.examine(key), answer },
      { name: 'verify', run: () => client.verify(key), answer },
    ],
    refusals,
    secrets: [apiKey],
    hardTimeoutMs,
    close: () => http.close(),
  }
}

function answer({ path }: PlatformRequest): PlatformAnswer {
  return {
    headers: { 'content-type': 'application/vnd.api+json' },
    body: JSON.stringify(path === '/api/accounts' ? accounts : audiences),
  }
}

const accounts = {
  data: [
    {
      type: 'account',
      id: 'EMUFUL',
      attributes: {
        contact_information: { organization_name: 'Fjord Candles' },
        timezone: 'US/Eastern',
        preferred_currency: 'USD',
        public_api_key: 'EMUFUL',
      },
    },
  ],
  links: { self: 'https://a.klaviyo.com/api/accounts/', next: null, prev: null },
}
const audiences = {
  data: [{ type: 'list', id: 'Abc123', attributes: { name: 'Newsletter', opt_in_process: 'single_opt_in' } }],
  links: { self: 'https://a.klaviyo.com/api/lists/', next: null, prev: null },
}

function problem(status: number, code: string): PlatformAnswer {
  const errors = [{ id: '2c76424d', status, code, title: 'No.', detail: 'Emulated', meta: {} }]
  return { status, body: JSON.stringify({ errors }) }
}

const table: readonly (readonly [PlatformAnswer, FailureKind])[] = [
  [problem(401, 'authentication_failed'), 'reauthorize'],
  [problem(401, 'not_authenticated'), 'reauthorize'],
  [problem(400, 'authentication_failed'), 'reauthorize'],
  [problem(429, 'throttled'), 'rate_limited'],
  [problem(400, 'invalid'), 'misconfigured'],
  [problem(404, 'not_found'), 'misconfigured'],
  [problem(410, 'gone'), 'misconfigured'],
  [{ status: 410, body: '' }, 'misconfigured'],
  [problem(500, 'error'), 'transient'],
  [problem(503, 'unavailable'), 'transient'],
  [{ status: 524, body: '<title>A timeout occurred</title>' }, 'transient'],
  [{ status: 401, body: '<title>Proxy authentication required</title>' }, 'transient'],
  [{ status: 403, body: '<title>Blocked</title>' }, 'transient'],
  [problem(418, 'teapot'), 'transient'],
  [{ status: 200, body: '{"errors":[{"code":"authentication_failed"}]}' }, 'transient'],
]

const refusals = [
  ...(['examine', 'verify'] as const).flatMap((call) =>
    table.map(([each, means]) => ({
      call,
      title: `HTTP ${each.status} ${String(each.body)}`,
      answer: each,
      means,
    })),
  ),
  {
    call: 'verify',
    title: 'a living key without accounts:read',
    answer: problem(403, 'permission_denied'),
    means: 'permission',
  } as const,
]
