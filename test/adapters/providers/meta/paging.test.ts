import { afterEach, expect, test } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { metaClient } from '../../../../src/adapters/providers/meta/meta-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import type { Examination } from '../../../../src/ports/provider-client.ts'
import { startScriptedPlatform } from '../../../../src/testing/scripted-platform.ts'
import type { PlatformRequest, ScriptedPlatform } from '../../../../src/testing/scripted-platform.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Examines a token at a platform whose ad accounts come as `page` says. */
async function examineWith(
  page: (request: PlatformRequest, origin: string) => object,
): Promise<{ outcome: Promise<Examination>; platform: ScriptedPlatform }> {
  const platform = await startScriptedPlatform()
  const http = createProviderHttp({ allowLoopbackHttp: true })
  cleanUps.push(platform.close, http.close)
  const rest: Readonly<Record<string, object>> = {
    '/debug_token': { data: { is_valid: true, app_id: '1', scopes: ['ads_read', 'ads_management'] } },
    '/me': { id: '7' },
    '/me/permissions': { data: [] },
  }
  platform.follow((request) => ({
    body: JSON.stringify(rest[request.path] ?? page(request, platform.url)),
  }))
  const client = metaClient({
    appId: '1',
    appSecret: 'secret',
    redirectUri: 'https://app.example.com/callback',
    http,
    allowLoopbackHttp: true,
    endpoints: { authorization: `${platform.url}/dialog`, graph: platform.url },
  })
  return { outcome: client.examine(new Secret('token')), platform }
}

function account(number: number): object {
  return { id: `act_${number}`, name: `Shop ${number}`, account_status: 1 }
}

const accountCalls = (platform: ScriptedPlatform): readonly PlatformRequest[] =>
  platform.requests.filter(({ path }) => path === '/me/adaccounts')

test('takes the cursor of the next page and never its address', async () => {
  const collector = await startScriptedPlatform()
  cleanUps.push(collector.close)
  const { outcome, platform } = await examineWith(({ parameters }) => {
    if (parameters.get('after') === 'c1') return { data: [account(2)], paging: { cursors: { after: 'c2' } } }
    const next = `${collector.url}/v26.0/me/adaccounts?access_token=token&after=elsewhere`
    return { data: [account(1)], paging: { cursors: { after: 'c1' }, next } }
  })
  expect((await outcome).accounts.map(({ id }) => id)).toEqual(['act_1', 'act_2'])
  expect(collector.requests).toEqual([])
  expect(accountCalls(platform).map(({ parameters }) => parameters.get('after'))).toEqual([undefined, 'c1'])
})

test('lists an account once that stands on two pages', async () => {
  const { outcome } = await examineWith(({ parameters }) =>
    parameters.has('after')
      ? { data: [account(1), account(2)] }
      : { data: [account(1)], paging: { cursors: { after: 'c' }, next: 'x' } },
  )
  expect((await outcome).accounts.map(({ id }) => id)).toEqual(['act_1', 'act_2'])
})

test.each([
  ['leads to itself', { cursors: { after: 'same' }, next: 'x' }],
  ['leads nowhere', { next: 'x' }],
  ['has a cursor that is none', { cursors: { after: 5 }, next: 'x' }],
])('refuses a page that %s', async (_title, paging) => {
  const { outcome, platform } = await examineWith(() => ({ data: [account(1)], paging }))
  await expect(outcome).rejects.toMatchObject({ kind: 'transient', providerCode: 'response_invalid' })
  expect(accountCalls(platform).length).toBeLessThanOrEqual(2)
})

test('stops at 5,000 accounts', async () => {
  const { outcome } = await examineWith(({ parameters }) => {
    const start = Number(parameters.get('after') ?? 0)
    const data = Array.from({ length: 400 }, (_, index) => account(start + index))
    return { data, paging: { cursors: { after: String(start + 400) }, next: 'x' } }
  })
  expect((await outcome).accounts).toHaveLength(5_000)
})

test('stops after 200 pages, though each has a next one', async () => {
  const { outcome, platform } = await examineWith(({ parameters }) => {
    const turn = Number(parameters.get('after') ?? 0)
    return { data: [account(turn)], paging: { cursors: { after: String(turn + 1) }, next: 'x' } }
  })
  expect((await outcome).accounts).toHaveLength(200)
  expect(accountCalls(platform)).toHaveLength(200)
})

test.each([
  ['number for an id', { id: 5 }],
  ['path for an id', { id: 'act_1/../me' }],
  ['missing id', { name: 'Shop' }],
])('refuses an account with a %s', async (_title, row) => {
  const { outcome } = await examineWith(() => ({ data: [row] }))
  await expect(outcome).rejects.toMatchObject({ providerCode: 'response_invalid' })
})

test('cleans names and leaves out what is no text', async () => {
  const row = {
    id: 'act_1',
    name: 'A\u0000\u202fB\nC\ud800',
    currency: 7,
    timezone_name: null,
    account_status: 'x',
  }
  const { outcome } = await examineWith(() => ({ data: [row] }))
  expect((await outcome).accounts).toEqual([{ id: 'act_1', name: 'A \u202fB C', isUsable: true }])
})

test.each([
  [1, 'ACTIVE', true],
  [2, 'DISABLED', false],
  [3, 'UNSETTLED', true],
  [9, 'IN_GRACE_PERIOD', true],
  [100, 'PENDING_CLOSURE', true],
  [101, 'CLOSED', false],
  [555, '555', true],
])('says of account status %i that it is %s and usable: %s', async (number, status, isUsable) => {
  const { outcome } = await examineWith(() => ({ data: [{ id: 'act_1', account_status: number }] }))
  expect((await outcome).accounts).toEqual([{ id: 'act_1', status, isUsable }])
})
