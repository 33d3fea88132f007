import { afterEach, describe, expect, test } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { looksLikeKlaviyoPrivateKey } from '../../../../src/adapters/providers/klaviyo/klaviyo-api.ts'
import { klaviyoClient } from '../../../../src/adapters/providers/klaviyo/klaviyo-client.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { emulatorFaults, emulatorKlaviyoKeys, startEmulator } from '../../../../src/emulator/index.ts'
import type { Emulator } from '../../../../src/emulator/index.ts'
import type { ProviderClient } from '../../../../src/ports/provider-client.ts'
import { startScriptedPlatform } from '../../../../src/testing/scripted-platform.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function running(): Promise<{ emulator: Emulator; client: ProviderClient }> {
  const emulator = await startEmulator({ platforms: ['klaviyo'] })
  cleanUps.push(emulator.close)
  return { emulator, client: clientAt(emulator.endpoints.klaviyo.api) }
}

function clientAt(api: string): ProviderClient {
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs: 5_000 })
  cleanUps.push(http.close)
  return klaviyoClient({ http, allowLoopbackHttp: true, endpoints: { api } })
}

describe('a key', () => {
  test('tells its account, its public key, its lists and its segments', async () => {
    const { client } = await running()
    const examination = await client.examine(new Secret(emulatorKlaviyoKeys.full))
    expect(examination).toMatchObject({
      subject: { issuer: 'https://www.klaviyo.com', id: 'EMUFUL', name: 'Fjord Candles' },
      publicApiKey: 'EMUFUL',
      tokenKind: 'api_key',
      grantedScopes: ['accounts:read', 'lists:read', 'segments:read'],
      missingScopes: [],
    })
    expect(examination.accounts).toEqual([
      { id: 'EMUFUL', name: 'Fjord Candles', isUsable: true, currency: 'USD', timeZone: 'US/Eastern' },
    ])
    const kinds = examination.audiences?.map(({ kind }) => kind) ?? []
    expect(kinds.filter((kind) => kind === 'list')).toHaveLength(25)
    expect(kinds.filter((kind) => kind === 'segment')).toHaveLength(12)
    expect(examination.audiences?.[0]).toMatchObject({ name: 'Newsletter', optIn: 'single_opt_in' })
  })

  test('reaches every list over 35 pages, though the next page is said to be on another host', async () => {
    const { emulator, client } = await running()
    const { audiences } = await client.examine(new Secret(emulatorKlaviyoKeys.many))
    expect(new Set(audiences?.map(({ id }) => id)).size).toBe(350 + 40)
    expect(emulator.control.requests('klaviyo', 'lists')).toHaveLength(35)
  })

  test('of an account without lists is as good', async () => {
    const { client } = await running()
    const { audiences, missingScopes } = await client.examine(new Secret(emulatorKlaviyoKeys.empty))
    expect([audiences, missingScopes]).toEqual([[], []])
  })

  test('without a scope is told from a dead one', async () => {
    const { client } = await running()
    const lacking = new Secret(emulatorKlaviyoKeys.withoutLists)
    expect(await client.examine(lacking)).toMatchObject({
      missingScopes: ['lists:read'],
      publicApiKey: 'EMUFUL',
    })
    await expect(client.verify(lacking)).rejects.toMatchObject({
      kind: 'permission',
      missingScopes: ['lists:read'],
    })
    const deleted = new Secret(emulatorKlaviyoKeys.deleted)
    const dead = { kind: 'reauthorize', providerCode: 'authentication_failed' }
    await expect(client.examine(deleted)).rejects.toMatchObject(dead)
    await expect(client.verify(deleted)).rejects.toMatchObject(dead)
  })

  test('without the scope for segments connects without them', async () => {
    const { emulator, client } = await running()
    const forbidden = { errors: [{ code: 'permission_denied' }] }
    emulator.control.fail('klaviyo', 'segments', { status: 403, body: forbidden })
    const { missingScopes, audiences } = await client.examine(new Secret(emulatorKlaviyoKeys.full))
    expect([missingScopes, audiences?.length]).toEqual([[], 25])
  })

  test('is known to lack a scope only where Klaviyo says so itself', async () => {
    const { emulator, client } = await running()
    const forbidden = { status: 403, body: { errors: [{ code: 'account_suspended' }] } }
    emulator.control.fail('klaviyo', 'accounts', forbidden)
    await expect(client.verify(new Secret(emulatorKlaviyoKeys.full))).rejects.toMatchObject({
      kind: 'permission',
      missingScopes: [],
    })
  })

  test('is not blamed for a throttle, which says how long to wait', async () => {
    const { emulator, client } = await running()
    emulator.control.fail('klaviyo', 'accounts', emulatorFaults.klaviyoThrottle(11))
    await expect(client.verify(new Secret(emulatorKlaviyoKeys.full))).rejects.toMatchObject({
      kind: 'rate_limited',
      providerCode: 'throttled',
      retryAfterMs: 11_000,
    })
  })

  test('ends when its owner deletes it, and in no other way', async () => {
    const { emulator, client } = await running()
    const key = new Secret(emulatorKlaviyoKeys.full)
    await client.revoke({ accessToken: key })
    await client.verify(key)
    emulator.control.revokeAtPlatform('klaviyo', 'ada')
    await expect(client.verify(key)).rejects.toMatchObject({ kind: 'reauthorize' })
  })

  test('goes in the header of its scheme, with the revision', async () => {
    const platform = await startScriptedPlatform()
    cleanUps.push(platform.close)
    platform.follow(() => ({ status: 503 }))
    await expect(clientAt(`${platform.url}/api/`).verify(new Secret('pk_abc'))).rejects.toThrow()
    expect(platform.requests[0]).toMatchObject({
      target: '/api/accounts',
      headers: { authorization: 'Klaviyo-API-Key pk_abc', revision: '2026-07-15' },
    })
  })

  test.each(['EMUFUL', '', 'Klaviyo-API-Key pk_abc', 'pk_', 'pk_abc\r\nx: y', 'pk_äbc', ' pk_abc'])(
    'that cannot be a private one (%j) is refused without asking',
    async (text) => {
      const { emulator, client } = await running()
      await expect(client.examine(new Secret(text))).rejects.toMatchObject({
        kind: 'reauthorize',
        delivery: 'not_sent',
      })
      expect(emulator.control.requests('klaviyo')).toEqual([])
      expect(looksLikeKlaviyoPrivateKey(text)).toBe(false)
    },
  )
})

describe('pages', () => {
  async function examineWith(links: object): Promise<{ outcome: Promise<unknown>; count: () => number }> {
    const platform = await startScriptedPlatform()
    cleanUps.push(platform.close)
    const attributes = { public_api_key: 'ABC123', name: 'x' }
    platform.follow(({ path }) => ({
      body: JSON.stringify({
        data: [{ id: 'ABC123', attributes }],
        links: path.endsWith('/accounts') ? {} : links,
      }),
    }))
    const outcome = clientAt(`${platform.url}/api`).examine(new Secret('pk_abc'))
    return { outcome, count: () => platform.requests.filter(({ path }) => path === '/api/lists').length }
  }

  test.each([
    ['lead to themselves', { next: 'https://a.klaviyo.com/api/lists/?page%5Bcursor%5D=same' }],
    ['lead nowhere', { next: 'https://a.klaviyo.com/api/lists/' }],
    ['lead to no address', { next: 'next' }],
    ['lead to no text', { next: 5 }],
  ])('that %s are refused', async (_title, links) => {
    const { outcome, count } = await examineWith(links)
    await expect(outcome).rejects.toMatchObject({ kind: 'transient', providerCode: 'response_invalid' })
    expect(count()).toBeLessThanOrEqual(2)
  })

  test.each([10, 1_500, 12_000])(
    'of %i rows are read up to 2,000 lists and as many segments',
    async (size) => {
      const platform = await startScriptedPlatform()
      cleanUps.push(platform.close)
      platform.follow(({ path, parameters }) => {
        const first = Number(parameters.get('page[cursor]') ?? 0)
        const attributes = { public_api_key: 'ABC123', name: 'x' }
        const data = Array.from({ length: path.endsWith('/accounts') ? 1 : size }, (_, index) => ({
          ...{ id: `L${first + index}`, attributes },
        }))
        const next = `https://a.klaviyo.com/?page[cursor]=${first + size}`
        return { body: JSON.stringify({ data, links: path.endsWith('/accounts') ? {} : { next } }) }
      })
      const { audiences = [] } = await clientAt(`${platform.url}/api`).examine(new Secret('pk_abc'))
      const ids = (wanted: string): Set<string> =>
        new Set(audiences.flatMap(({ id, kind }) => (kind === wanted ? [id] : [])))
      expect([ids('list').size, ids('segment').size, audiences.length]).toEqual([2_000, 2_000, 4_000])
    },
  )
})

test('settings that cannot work are refused', () => {
  const http = createProviderHttp()
  const connect = (): ProviderClient =>
    klaviyoClient({ http, endpoints: { api: 'http://a.klaviyo.example/api' } })
  expect(connect).toThrow(ConfigInvalidError)
  expect(connect).toThrow(/endpoints\.api: must be https/)
})
