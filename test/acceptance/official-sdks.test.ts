import facebook from 'facebook-nodejs-business-sdk'
import { OAuth2Client } from 'google-auth-library'
import { ApiKeySession, ListsApi } from 'klaviyo-api'
import { ApiClient } from 'tiktok-business-api-sdk-official/src/ApiClient.js'
import { AccountManagementApi } from 'tiktok-business-api-sdk-official/src/api/AccountManagementApi.js'
import { AuthenticationApi } from 'tiktok-business-api-sdk-official/src/api/AuthenticationApi.js'
import { beforeAll, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../src/domain/model/time.ts'
import { emulatorApps, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  getGoogleAdsAccessToken,
  getGoogleAdsConnection,
  getKlaviyoApiKey,
  getMetaAccessToken,
  getMetaConnection,
  getTikTokAccessToken,
  getTikTokConnection,
} from '../../src/index.ts'
import { connect, googleAds, meta, tiktok } from './platforms.ts'
import { newTenant, openWorkbench } from './workbench.ts'
import type { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
  return bench.close
})

test('the Meta business SDK lists the ad accounts with the token that was handed out, and with its successor', async () => {
  const tenantId = newTenant()
  await connect(meta, tenantId, { person: 'ada' })
  const connection = await getMetaConnection(tenantId)
  const { FacebookAdsApi, User } = facebook
  Object.defineProperty(FacebookAdsApi, 'GRAPH', {
    configurable: true,
    get: () => `${bench.emulator.url}/meta/graph`,
  })
  Object.defineProperty(FacebookAdsApi, 'VERSION', { configurable: true, get: () => 'v26.0' })
  const namesFor = async (token: string): Promise<readonly string[]> => {
    const api = new FacebookAdsApi(token, 'en_US', false)
    let cursor = await new User('me', {}, undefined, api).getAdAccounts(['id', 'name'], { limit: 2 })
    const names = cursor.map(({ name }) => name)
    while (cursor.hasNext()) {
      cursor = await cursor.next()
      names.push(...cursor.map(({ name }) => name))
    }
    return names
  }
  const names = connection?.adAccounts.map(({ name }) => name)
  const first = await getMetaAccessToken(tenantId)
  expect(await namesFor(first)).toEqual(names)
  await bench.elapse(55 * DAY_MS)
  await getMetaAccessToken(tenantId)
  await expect.poll(() => getMetaAccessToken(tenantId)).not.toBe(first)
  expect(await namesFor(await getMetaAccessToken(tenantId))).toEqual(names)
})

test('google-auth-library works with our token, and asks us for the next one when it ends', async () => {
  const tenantId = newTenant()
  await connect(googleAds, tenantId, { person: 'sol' })
  const client = new OAuth2Client({
    endpoints: { tokenInfoUrl: `${bench.emulator.url}/google/tokeninfo` },
  })
  client.refreshHandler = async () => {
    const token = await getGoogleAdsAccessToken(tenantId)
    const { tokenExpiresAt } = (await getGoogleAdsConnection(tenantId)) ?? {}
    return { access_token: token, expiry_date: tokenExpiresAt?.getTime() ?? Date.now() }
  }
  const { token } = await client.getAccessToken()
  expect(token).toBe(await getGoogleAdsAccessToken(tenantId))
  const { aud, scopes } = await client.getTokenInfo(token ?? '')
  expect(aud).toBe(emulatorApps.google_ads.clientId)
  expect(scopes).toContain('https://www.googleapis.com/auth/adwords')

  await bench.elapse(2 * HOUR_MS)
  client.setCredentials({ access_token: token ?? null, expiry_date: Date.now() - 1 })
  const { token: next } = await client.getAccessToken()
  expect(next).not.toBe(token)
  expect((await client.getTokenInfo(next ?? '')).aud).toBe(emulatorApps.google_ads.clientId)
})

test('the TikTok business SDK lists the advertisers that the connection names', async () => {
  const tenantId = newTenant()
  await connect(tiktok, tenantId, { person: 'ada' })
  const { advertisers = [] } = (await getTikTokConnection(tenantId)) ?? {}
  const token = await getTikTokAccessToken(tenantId)
  const client = new ApiClient()
  client.basePath = `${bench.emulator.url}/tiktok`
  const { clientId, clientSecret } = emulatorApps.tiktok
  const listed = await fromCallback((done) =>
    new AuthenticationApi(client).oauth2AdvertiserGet(clientId, clientSecret, token, done),
  )
  const ids = [...JSON.stringify(listed).matchAll(/"advertiser_id":"(\d+)"/g)].map(([, id = '']) => id)
  expect(ids).toEqual(advertisers.map(({ id }) => id))
  const described = await fromCallback((done) =>
    new AccountManagementApi(client).advertiserInfo(ids, token, { fields: ['name'] }, done),
  )
  expect(described).toMatchObject({ data: { list: advertisers.map(({ name }) => ({ name })) } })
})

test('klaviyo-api reads the lists that the connection names, with the key that was handed out', async () => {
  const tenantId = newTenant()
  const { lists } = await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
  const api = new ListsApi(new ApiKeySession(await getKlaviyoApiKey(tenantId)))
  api.basePath = `${bench.emulator.url}/klaviyo`
  const names: string[] = []
  let cursor: string | undefined
  do {
    const { body } = await api.getLists(cursor === undefined ? {} : { pageCursor: cursor })
    names.push(...body.data.map(({ attributes }) => attributes.name ?? ''))
    cursor = body.links?.next ?? undefined
  } while (cursor !== undefined)
  expect(names.toSorted()).toEqual(lists.map(({ name }) => name).toSorted())
})

function fromCallback<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}
