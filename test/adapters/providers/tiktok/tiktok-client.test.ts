import { describe, expect, test } from 'vitest'
import { tiktokClient } from '../../../../src/adapters/providers/tiktok/tiktok-client.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { consent, emulatorApps, emulatorFaults } from '../../../../src/emulator/index.ts'
import { failureOf, loopbackHttp } from '../oauth2/scripted-server.ts'
import { emulatedTikTok, grantOf, redirectUri } from './emulated-tiktok.ts'

const app = { appId: '7001', appSecret: 'secret', redirectUri }
const request = { state: 's' }

describe('the authorization request', () => {
  test('is the portal’s, which knows neither scope nor response_type nor PKCE', () => {
    const client = tiktokClient({ ...app, http: loopbackHttp() })
    const url = new URL(client.authorizationUrl({ ...request, codeChallenge: 'c' }))
    expect(url.origin + url.pathname).toBe('https://business-api.tiktok.com/portal/auth')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      app_id: '7001',
      state: 's',
      redirect_uri: redirectUri,
    })
    expect(client.authorization.pkce).toMatchObject({ method: 'none' })
    expect(client.authorization.codeParameters).toEqual(['auth_code', 'code'])
  })

  test('keeps what the portal put into the URL that it shows for the app, but not its placeholders', () => {
    const authorization = 'https://ads.tiktok.com/marketing_api/auth?app_id=0&state=your_state&rid=abc'
    const endpoints = { authorization, api: 'https://business-api.tiktok.com/open_api/v1.3' }
    const url = new URL(tiktokClient({ ...app, http: loopbackHttp(), endpoints }).authorizationUrl(request))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      app_id: '7001',
      state: 's',
      rid: 'abc',
      redirect_uri: redirectUri,
    })
  })

  test('is refused with every setting named that is wrong', () => {
    const endpoints = { authorization: 'https://a.example', api: 'http://a.example' }
    const options = { appId: '', appSecret: '', redirectUri: 'callback', http: loopbackHttp(), endpoints }
    expect(() => tiktokClient(options)).toThrow(ConfigInvalidError)
    expect(() => tiktokClient(options)).toThrow(/appId.*appSecret.*redirectUri.*endpoints\.api/)
  })
})

describe('a grant', () => {
  test('has no end and no refresh token, which is its healthy state', async () => {
    const { client, emulator } = await emulatedTikTok()
    const tokens = await grantOf(client, { person: 'ada' })
    expect(tokens).toMatchObject({
      expiresInMs: null,
      refreshExpiresInMs: null,
      grantedScopes: ['1', '2', '4'],
    })
    expect(tokens).not.toHaveProperty('refreshToken')
    const [exchange] = emulator.control.requests('tiktok', 'exchange')
    expect(exchange?.target).toBe('/tiktok/open_api/v1.3/oauth2/access_token/')
    expect(Object.keys(JSON.parse(exchange?.body ?? '') as object)).toEqual(['app_id', 'secret', 'auth_code'])
    expect(client.traits).toMatchObject({ renewal: 'none', rotation: { kind: 'none' }, revocation: 'token' })
  })

  test('keeps an expiry and a refresh token, should TikTok ever send them', async () => {
    const { client } = await emulatedTikTok({
      lifetimes: { tiktok: { access: 86_400, refresh: 31_536_000 } },
    })
    const tokens = await grantOf(client, { person: 'ada' })
    expect(tokens.expiresInMs).toBe(86_400_000)
    expect(tokens.refreshToken).toBeDefined()
  })

  test('reaches its advertisers, with ids as text', async () => {
    const { client } = await emulatedTikTok()
    const { accessToken, grantedScopes } = await grantOf(client, { person: 'ada' })
    const { accounts, ...rest } = await client.examine(accessToken, grantedScopes)
    expect(rest).toEqual({ missingScopes: [], grantedScopes: ['1', '2', '4'] })
    expect(accounts.map(({ name }) => name)).toEqual(['ada brand 1', 'ada brand 2', 'ada brand 3'])
    expect(accounts[0]?.id).toMatch(/^\d{19}$/)
    expect(accounts[0]).toMatchObject({
      isUsable: true,
      status: 'STATUS_ENABLE',
      currency: 'USD',
      timeZone: 'Etc/GMT+5',
    })
  })

  test('lists a disabled advertiser as not usable', async () => {
    const { client } = await emulatedTikTok()
    const { accounts } = await client.examine((await grantOf(client, { person: 'clara' })).accessToken)
    expect(accounts.map(({ isUsable }) => isUsable)).toEqual([true, false])
  })

  test('of somebody without an advertiser reaches nothing', async () => {
    const { client } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'nora' })
    expect((await client.examine(accessToken)).accounts).toEqual([])
  })

  test('over three thousand advertisers is asked about a hundred at a time', async () => {
    const { client, emulator } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'max' })
    const { accounts } = await client.examine(accessToken)
    expect(accounts).toHaveLength(3000)
    expect(new Set(accounts.map(({ id }) => id)).size).toBe(3000)
    expect(emulator.control.requests('tiktok', 'advertiser_info')).toHaveLength(30)
  })

  test('is known by the names alone where one advertiser of a hundred has been taken away', async () => {
    const { client, emulator } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'ada' })
    emulator.control.fail('tiktok', 'advertiser_info', emulatorFaults.tiktokCode(40001))
    const { accounts } = await client.examine(accessToken)
    expect(accounts.map(({ name, isUsable }) => [name, isUsable])).toEqual([
      ['ada brand 1', true],
      ['ada brand 2', true],
      ['ada brand 3', true],
    ])
  })

  test('comes of a code that works once', async () => {
    const { client } = await emulatedTikTok()
    const callback = await consent(client.authorizationUrl(request), { person: 'ada' })
    const code = new Secret(callback.searchParams.get('auth_code') ?? '')
    await client.exchangeCode({ code, redirectUri })
    expect(await failureOf(client.exchangeCode({ code, redirectUri }))).toMatchObject({
      kind: 'restart_flow',
      providerCode: '40110',
    })
  })

  test('is refused to an app with a wrong secret, which is the app’s fault', async () => {
    const { client, emulator } = await emulatedTikTok()
    const callback = await consent(client.authorizationUrl(request), { person: 'ada' })
    const code = new Secret(callback.searchParams.get('auth_code') ?? '')
    const wrong = tiktokClient({
      appId: emulatorApps.tiktok.clientId,
      appSecret: 'wrong',
      redirectUri,
      http: loopbackHttp(),
      endpoints: emulator.endpoints.tiktok,
      allowLoopbackHttp: true,
    })
    expect(await failureOf(wrong.exchangeCode({ code, redirectUri }))).toMatchObject({
      kind: 'misconfigured',
    })
    await client.exchangeCode({ code, redirectUri })
  })
})

describe('a token', () => {
  test('is verified by the list of its advertisers', async () => {
    const { client, emulator } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'ada' })
    await client.verify(accessToken)
    emulator.control.revokeAtPlatform('tiktok', 'ada')
    expect(await failureOf(client.verify(accessToken))).toMatchObject({
      kind: 'reauthorize',
      providerCode: '40105',
    })
  })

  test('cannot be refreshed', async () => {
    const { client } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'ada' })
    expect(await failureOf(client.refresh({ accessToken }))).toMatchObject({ delivery: 'not_sent' })
  })

  test('is revoked alone, and twice is as good', async () => {
    const { client } = await emulatedTikTok()
    const first = await grantOf(client, { person: 'ada' })
    const second = await grantOf(client, { person: 'ada' })
    await client.revoke(first)
    await client.revoke(first)
    expect(await failureOf(client.verify(first.accessToken))).toMatchObject({ kind: 'reauthorize' })
    await client.verify(second.accessToken)
  })

  test('is nobody’s fault while TikTok is throttling', async () => {
    const { client, emulator } = await emulatedTikTok()
    const { accessToken } = await grantOf(client, { person: 'ada' })
    emulator.control.setBudget('tiktok', 1)
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => client.verify(accessToken)))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatchObject({ reason: { kind: 'rate_limited', providerCode: '40100' } })
  })
})
