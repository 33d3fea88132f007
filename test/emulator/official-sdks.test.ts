import facebook from 'facebook-nodejs-business-sdk'
import { OAuth2Client } from 'google-auth-library'
import { ApiKeySession, AccountsApi, ListsApi, OAuthBasicSession } from 'klaviyo-api'
import { ApiClient } from 'tiktok-business-api-sdk-official/src/ApiClient.js'
import { AccountManagementApi } from 'tiktok-business-api-sdk-official/src/api/AccountManagementApi.js'
import { AuthenticationApi } from 'tiktok-business-api-sdk-official/src/api/AuthenticationApi.js'
import { expect, test } from 'vitest'
import { consent, emulatorApps, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  adwords,
  challenge,
  googleAuthorizationUrl,
  metaToken,
  redirectUri,
  runEmulator,
  tiktokApp,
  tiktokCode,
  verifier,
} from './running-emulator.ts'

function fromCallback<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

test('the Meta business SDK pages through ad accounts and reads the error', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'ada' })
  const { FacebookAdsApi, User } = facebook
  Object.defineProperty(FacebookAdsApi, 'GRAPH', {
    configurable: true,
    get: () => `${emulator.url}/meta/graph`,
  })
  Object.defineProperty(FacebookAdsApi, 'VERSION', { configurable: true, get: () => 'v26.0' })
  const api = new FacebookAdsApi(token, 'en_US', false)
  let cursor = await new User('me', {}, undefined, api).getAdAccounts(['id', 'name'], { limit: 2 })
  const names = cursor.map(({ name }) => name)
  while (cursor.hasNext()) {
    cursor = await cursor.next()
    names.push(...cursor.map(({ name }) => name))
  }
  expect(names).toEqual(['ada shop 1', 'ada shop 2', 'ada shop 3'])
  emulator.control.revokeAtPlatform('meta', 'ada')
  await expect(api.call('GET', ['me', 'permissions'])).rejects.toMatchObject({
    status: 400,
    response: { code: 190, error_subcode: 458 },
  })
})

test('google-auth-library connects with PKCE, refreshes and revokes', async () => {
  const emulator = await runEmulator({ lifetimes: { google_ads: { access: 1 } } })
  const { authorization, token, revoke } = emulator.endpoints.google_ads
  const client = new OAuth2Client({
    clientId: emulatorApps.google_ads.clientId,
    clientSecret: emulatorApps.google_ads.clientSecret,
    redirectUri,
    endpoints: {
      oauth2AuthBaseUrl: authorization,
      oauth2TokenUrl: token,
      oauth2RevokeUrl: revoke,
      tokenInfoUrl: `${emulator.url}/google/tokeninfo`,
    },
  })
  const url = googleAuthorizationUrl(emulator, { code_challenge: challenge, code_challenge_method: 'S256' })
  const code = (await consent(url, { person: 'ada' })).searchParams.get('code') ?? ''
  const { tokens } = await client.getToken({ code, codeVerifier: verifier })
  expect(tokens.scope).toBe(`openid ${adwords}`)
  client.setCredentials(tokens)
  const { token: refreshed } = await client.getAccessToken()
  expect(refreshed).not.toBe(tokens.access_token)
  expect((await client.getTokenInfo(refreshed ?? '')).scopes).toContain(adwords)
  await client.revokeToken(refreshed ?? '')
  expect(emulator.control.accepts('google_ads', tokens.refresh_token ?? '')).toBe(false)
})

test('klaviyo-api reads the account and follows the cursor of its lists', async () => {
  const emulator = await runEmulator()
  const session = new ApiKeySession(emulatorKlaviyoKeys.full)
  const accounts = new AccountsApi(session)
  accounts.basePath = `${emulator.url}/klaviyo`
  const account = await accounts.getAccounts()
  expect(account.body.data[0]?.attributes.contactInformation.organizationName).toBe('Fjord Candles')
  const lists = new ListsApi(session)
  lists.basePath = `${emulator.url}/klaviyo`
  const names: string[] = []
  let cursor: string | undefined
  do {
    const { body } = await lists.getLists(cursor === undefined ? {} : { pageCursor: cursor })
    names.push(...body.data.map(({ attributes }) => attributes.name ?? ''))
    cursor = body.links?.next ?? undefined
  } while (cursor !== undefined)
  expect(new Set(names).size).toBe(25)
})

test('klaviyo-api gives up on a token that the account does not know', async () => {
  const emulator = await runEmulator()
  const lists = new ListsApi(new OAuthBasicSession('unknown'))
  lists.basePath = `${emulator.url}/klaviyo`
  await expect(lists.getLists()).rejects.toMatchObject({
    response: { status: 401, data: { errors: [{ code: 'authentication_failed' }] } },
  })
})

test('the TikTok business SDK exchanges a code and lists advertisers', async () => {
  const emulator = await runEmulator()
  const client = new ApiClient()
  client.basePath = `${emulator.url}/tiktok`
  const authentication = new AuthenticationApi(client)
  const body = { ...tiktokApp, auth_code: await tiktokCode(emulator, { person: 'ada' }) }
  await fromCallback((done) => authentication.oauth2AccessToken({ body }, done))
  const [token = ''] = emulator.control.lineages('tiktok')[0]?.liveAccessTokens ?? []
  const listed = await fromCallback((done) =>
    authentication.oauth2AdvertiserGet(tiktokApp.app_id, tiktokApp.secret, token, done),
  )
  const ids = [...JSON.stringify(listed).matchAll(/"(\d{19})"/g)].map(([, id = '']) => id)
  expect(ids).toHaveLength(3)
  const described = await fromCallback((done) =>
    new AccountManagementApi(client).advertiserInfo(ids, token, { fields: ['name', 'currency'] }, done),
  )
  expect(described).toMatchObject({ data: { list: [{ name: 'ada brand 1', currency: 'USD' }, {}, {}] } })
  const spent = fromCallback((done) => authentication.oauth2AccessToken({ body }, done))
  await expect(spent).rejects.toThrow('40110')
})
