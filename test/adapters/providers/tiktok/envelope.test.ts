import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseJsonWithLongIds } from '../../../../src/adapters/providers/tiktok/long-ids.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { emulatorApps } from '../../../../src/emulator/index.ts'
import { failureOf, scriptedServer } from '../oauth2/scripted-server.ts'
import type { Scripted } from '../oauth2/scripted-server.ts'
import { clientAt, redirectUri } from './emulated-tiktok.ts'

const accessToken = new Secret('marker-access-token')
const code = new Secret('marker-auth-code')

async function clientOf(answerTo: (path: string) => Scripted) {
  const server = await scriptedServer(({ path }) => answerTo(path))
  return clientAt({ authorization: `${server.url}/portal/auth`, api: `${server.url}/v1.3` })
}

describe('an answer with HTTP 200', () => {
  test.each([
    [40102, 'reauthorize'],
    [40105, 'reauthorize'],
    [40106, 'reauthorize'],
    [40001, 'permission'],
    [40125, 'permission'],
    [40300, 'permission'],
    [40016, 'rate_limited'],
    [40100, 'rate_limited'],
    [40133, 'rate_limited'],
    [40113, 'misconfigured'],
    [40104, 'misconfigured'],
    [40051, 'misconfigured'],
    [40101, 'misconfigured'],
    [40700, 'transient'],
    [50000, 'transient'],
    [50002, 'transient'],
    [51305, 'transient'],
    [60001, 'transient'],
    [51010, 'transient'],
    [99999, 'transient'],
  ])('and code %i means %s', async (answered, kind) => {
    const client = await clientOf(() => ({
      body: { code: answered, message: accessToken.reveal(), data: {} },
    }))
    const failure = await failureOf(client.verify(accessToken))
    expect(failure).toMatchObject({ kind, delivery: 'answered', providerCode: String(answered) })
    const printed = inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(failure)
    expect(printed).not.toContain('marker')
    expect(printed).not.toContain(emulatorApps.tiktok.clientSecret)
  })

  test.each([40101, 40110, 40115, 40105])(
    'and code %i to an authorization code starts the flow anew',
    async (answered) => {
      const client = await clientOf(() => ({ body: { code: answered, message: '' } }))
      const failure = await failureOf(client.exchangeCode({ code, redirectUri }))
      expect(failure).toMatchObject({ kind: 'restart_flow' })
    },
  )

  test.each([
    ['HTML', '<html></html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['no code', { data: { access_token: 'a' } }],
    ['a code that is no number', { code: {}, data: { access_token: 'a' } }],
    ['no data', { code: 0 }],
    ['no token', { code: 0, data: { scope: [4] } }],
    ['a number as token', { code: 0, data: { access_token: 5 } }],
  ])('and %s is unusable', async (_, body) => {
    const client = await clientOf(() => ({ body }))
    expect(await failureOf(client.exchangeCode({ code, redirectUri }))).toMatchObject({
      kind: 'transient',
      delivery: 'uncertain',
      providerCode: 'response_invalid',
    })
  })

  test('and a partial success counts for a list, never for a token', async () => {
    const list = [{ advertiser_id: '1', advertiser_name: 'One' }]
    const client = await clientOf((path) => ({
      body: { code: 20001, data: path.includes('access_token') ? { access_token: 'a' } : { list } },
    }))
    await client.verify(accessToken)
    expect(await failureOf(client.exchangeCode({ code, redirectUri }))).toMatchObject({ kind: 'transient' })
  })
})

describe('another HTTP status', () => {
  test.each([
    [404, 'misconfigured', 'answered'],
    [403, 'transient', 'uncertain'],
    [429, 'rate_limited', 'answered'],
    [500, 'transient', 'uncertain'],
    [504, 'transient', 'uncertain'],
  ])('%i means %s', async (status, kind, delivery) => {
    const client = await clientOf(() => ({ status, body: '<html></html>' }))
    expect(await failureOf(client.verify(accessToken))).toMatchObject({ kind, delivery })
  })

  test('with a code inside ends no credential when the server is at fault', async () => {
    const client = await clientOf(() => ({ status: 500, body: { code: 40105 } }))
    expect(await failureOf(client.verify(accessToken))).toMatchObject({ kind: 'transient' })
  })
})

describe('an advertiser id', () => {
  test('that is a number beyond the doubles arrives with every digit', async () => {
    const id = '7239012345678901237'
    const client = await clientOf((path) => ({
      body: path.includes('info')
        ? `{"code":0,"data":{"list":[{"advertiser_id":${id},"name":"1234567890123456789 \\"x\\" Shop","status":"STATUS_ENABLE"}]}}`
        : `{"code":0,"data":{"list":[{"advertiser_id":${id}},{"advertiser_id":"${id}"},{"advertiser_id":17}]}}`,
    }))
    const { accounts } = await client.examine(accessToken)
    expect(accounts.map((account) => account.id)).toEqual([id, '17'])
    expect(accounts[0]).toMatchObject({ name: '1234567890123456789 "x" Shop', isUsable: true })
  })

  test('that is no number at all spoils the answer', async () => {
    const client = await clientOf(() => ({ body: { code: 0, data: { list: [{ advertiser_id: '1&x=2' }] } } }))
    expect(await failureOf(client.examine(accessToken))).toMatchObject({ providerCode: 'response_invalid' })
  })
})

describe('long integers in JSON', () => {
  test.each([
    ['[12345678901234567890]', ['12345678901234567890']],
    ['[-12345678901234567890]', ['-12345678901234567890']],
    ['{"12345678901234567890":1}', { '12345678901234567890': 1 }],
    ['["a\\\\",12345678901234567890,"\\""]', ['a\\', '12345678901234567890', '"']],
    ['[1.2345678901234567890]', [1.2345678901234567]],
    ['[12345678901234567890.5]', [Number('12345678901234567890.5')]],
    ['[12345678901234567890e2]', [Number('12345678901234567890e2')]],
    ['[123456789012345]', [123456789012345]],
    ['[1e12345678901234567]', [Infinity]],
  ])('%s', (text, expected) => {
    expect(parseJsonWithLongIds(text)?.value).toEqual(expected)
  })

  test('are found in a megabyte of escapes in no time', () => {
    const text = JSON.stringify(['\\"'.repeat(250_000), 1]).replace(',1]', ',12345678901234567890]')
    expect(parseJsonWithLongIds(text)?.value).toEqual(['\\"'.repeat(250_000), '12345678901234567890'])
  })

  test('are not looked for in what is no JSON', () => {
    expect(parseJsonWithLongIds('"'.concat('\\"'.repeat(500_000), '1234567890123456'))).toBeUndefined()
  })
})
