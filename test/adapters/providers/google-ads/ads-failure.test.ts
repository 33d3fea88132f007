import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { googleAdsClient } from '../../../../src/adapters/providers/google-ads/google-ads-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import type { OAuthProviderClient } from '../../../../src/ports/provider-client.ts'
import { failureOf, loopbackHttp, scriptedServer } from '../oauth2/scripted-server.ts'
import type { Scripted } from '../oauth2/scripted-server.ts'

const accessToken = new Secret('ya29.marker-token')
const secrets = ['ya29.marker-token', 'marker-secret', 'marker-developer-token']

function failureBody(errorCode: Record<string, string>, status: number): Scripted {
  return {
    status,
    body: {
      error: {
        code: status,
        message: `echo ${secrets.join(' ')}`,
        details: [{ '@type': 'GoogleAdsFailure', errors: [{ errorCode, message: secrets[0] }] }],
      },
    },
  }
}

function manyMembers(count: number): string {
  return Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')
}

async function clientOf(answerTo: (path: string) => Scripted): Promise<OAuthProviderClient> {
  const server = await scriptedServer(({ path }) => answerTo(path))
  return googleAdsClient({
    clientId: 'id',
    clientSecret: 'marker-secret',
    developerToken: 'marker-developer-token',
    redirectUri: 'https://app.example.com/callback',
    scopes: ['https://www.googleapis.com/auth/adwords'],
    http: loopbackHttp(),
    allowLoopbackHttp: true,
    endpoints: {
      authorization: `${server.url}/auth`,
      token: `${server.url}/token`,
      revoke: `${server.url}/revoke`,
      ads: `${server.url}/ads`,
    },
  })
}

describe('a refusal of the Google Ads API', () => {
  test.each([
    ['authenticationError', 'OAUTH_TOKEN_EXPIRED', 401, 'reauthorize'],
    ['authenticationError', 'OAUTH_TOKEN_REVOKED', 401, 'reauthorize'],
    ['authenticationError', 'GOOGLE_ACCOUNT_DELETED', 401, 'reauthorize'],
    ['authenticationError', 'TWO_STEP_VERIFICATION_NOT_ENROLLED', 401, 'permission'],
    ['authenticationError', 'DEVELOPER_TOKEN_INVALID', 401, 'misconfigured'],
    ['authorizationError', 'USER_PERMISSION_DENIED', 403, 'permission'],
    ['authorizationError', 'DEVELOPER_TOKEN_NOT_APPROVED', 403, 'misconfigured'],
    ['authorizationError', 'CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION', 403, 'misconfigured'],
    ['requestError', 'UNSUPPORTED_VERSION', 400, 'misconfigured'],
    ['quotaError', 'RESOURCE_EXHAUSTED', 429, 'rate_limited'],
    ['internalError', 'TRANSIENT_ERROR', 500, 'transient'],
    ['authenticationError', 'SOMETHING_NEW', 401, 'reauthorize'],
    ['authorizationError', 'SOMETHING_NEW', 403, 'permission'],
    ['fieldError', 'REQUIRED', 400, 'transient'],
  ])('%s.%s (%i) means %s, in an object or in an array', async (family, code, status, kind) => {
    const scripted = failureBody({ [family]: code }, status)
    for (const body of [scripted.body, [scripted.body]]) {
      const client = await clientOf(() => ({ status, body }))
      const failure = await failureOf(client.verify(accessToken))
      expect(failure).toMatchObject({ kind, providerCode: `${family}/${code}` })
      const printed = inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(failure)
      for (const secret of secrets) expect(printed).not.toContain(secret)
    }
  })

  test.each([
    [401, 'transient'],
    [403, 'transient'],
    [404, 'misconfigured'],
    [429, 'rate_limited'],
    [500, 'transient'],
    [200, 'transient'],
    [302, 'transient'],
  ])('with %i and nothing readable means %s', async (status, kind) => {
    const client = await clientOf(() => ({ status, body: '<html></html>' }))
    expect(await failureOf(client.verify(accessToken))).toMatchObject({ kind })
  })

  test('without a GoogleAdsFailure is understood by its reason', async () => {
    const reason = 'ACCESS_TOKEN_EXPIRED'
    const client = await clientOf(() => ({ status: 401, body: { error: { details: [{ reason }] } } }))
    expect(await failureOf(client.verify(accessToken))).toMatchObject({
      kind: 'reauthorize',
      providerCode: reason,
    })
  })

  test.each([
    ['errors', `[{"errors":[${'1,'.repeat(500_000)}1]}]`],
    ['errors without a code', `[{"errors":[${'{},'.repeat(340_000)}{}]}]`],
    ['details', `[${'{},'.repeat(340_000)}{}]`],
    ['codes', `[{"errors":[{"errorCode":{${manyMembers(90_000)}}}]}]`],
  ])('with any number of %s is told by its status, and takes no time', async (_what, details) => {
    const client = await clientOf(() => ({ status: 403, body: `{"error":{"details":${details}}}` }))
    const before = process.cpuUsage()
    expect(await failureOf(client.verify(accessToken))).toMatchObject({
      kind: 'permission',
      providerCode: 'http_403',
    })
    expect(process.cpuUsage(before).user).toBeLessThan(600_000)
  })

  test('cannot smuggle text in as a code', async () => {
    const client = await clientOf(() => failureBody({ [secrets[0] ?? '']: secrets[1] ?? '' }, 400))
    expect((await failureOf(client.verify(accessToken))).providerCode).toBe('http_400')
  })
})

describe('an account discovery', () => {
  const accessible = (...names: string[]): Scripted => ({ body: { resourceNames: names } })

  test('builds no path from anything but digits', async () => {
    const paths: string[] = []
    const client = await clientOf((path) => {
      paths.push(path)
      if (path.endsWith(':listAccessibleCustomers')) {
        return accessible('customers/../../evil', 'customers/1@evil', 'customers/', 'other/5', 'customers/12')
      }
      return { body: [{ results: [{ customer: { id: '12', descriptiveName: 'Twelve' } }] }] }
    })
    const { accounts } = await client.examine(accessToken)
    expect(accounts.map(({ id }) => id)).toEqual(['12'])
    expect(paths).toEqual([
      '/ads/customers:listAccessibleCustomers',
      '/ads/customers/12/googleAds:searchStream',
    ])
  })

  test('takes no wrong type for an account, and never fewer accounts for fewer answers', async () => {
    for (const body of ['{}', '[{"results":[{"customer":{"id":{}}}]}]', '[5]', 'null']) {
      const client = await clientOf((path) =>
        path.endsWith(':listAccessibleCustomers') ? accessible('customers/12') : { body },
      )
      expect(await failureOf(client.examine(accessToken))).toMatchObject({ providerCode: 'response_invalid' })
    }
  })

  test('asks at most six things at a time, and stops at the first failure', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `customers/${1000 + index}`)
    let asked = 0
    const client = await clientOf((path) => {
      if (path.endsWith(':listAccessibleCustomers')) return accessible(...ids)
      asked += 1
      if (asked === 1) return failureBody({ quotaError: 'RESOURCE_EXHAUSTED' }, 429)
      return { body: [{ results: [{ customer: { id: '1' } }] }] }
    })
    expect(await failureOf(client.examine(accessToken))).toMatchObject({ kind: 'rate_limited' })
    // Questions still waiting would go out while others are asked.
    for (let turn = 0; turn < 20; turn += 1) await client.verify(accessToken)
    expect(asked).toBeLessThan(20)
  })

  test('lists by id alone what is beyond the accounts whose names it asks for', async () => {
    const ids = Array.from({ length: 510 }, (_, index) => `customers/${1000 + index}`)
    const client = await clientOf((path) => {
      if (path.endsWith(':listAccessibleCustomers')) return accessible(...ids)
      return { body: [{ results: [{ customer: { id: '1', descriptiveName: 'Named' } }] }] }
    })
    const { accounts } = await client.examine(accessToken)
    expect(accounts).toHaveLength(510)
    expect(accounts.filter(({ name }) => name === 'Named')).toHaveLength(500)
  })

  test('keeps the direct way to an account that a manager reaches too', async () => {
    const customer = (id: string, manager: boolean): Scripted => ({
      body: [{ results: [{ customer: { id, manager, status: 'ENABLED' } }] }],
    })
    let calls = 0
    const client = await clientOf((path) => {
      if (path.endsWith(':listAccessibleCustomers')) return accessible('customers/1', 'customers/2')
      if (path.includes('/2/')) return customer('2', false)
      calls += 1
      if (calls === 1) return customer('1', true)
      return {
        body: [
          {
            results: ['1', '2', '3'].map((id) => ({
              customerClient: { id, manager: id === '1', status: 'ENABLED' },
            })),
          },
        ],
      }
    })
    const { accounts } = await client.examine(accessToken)
    expect(accounts.map(({ id, loginCustomerId }) => [id, loginCustomerId])).toEqual([
      ['1', undefined],
      ['2', undefined],
      ['3', '1'],
    ])
  })
})
