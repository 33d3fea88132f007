import { describe, expect, test } from 'vitest'
import { googleAdsClient } from '../../../../src/adapters/providers/google-ads/google-ads-client.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { emulatorFaults } from '../../../../src/emulator/index.ts'
import { failureOf, loopbackHttp } from '../oauth2/scripted-server.ts'
import { emulatedGoogle, grantOf, redirectUri } from './emulated-google.ts'

const adwords = 'https://www.googleapis.com/auth/adwords'

describe('the authorization request', () => {
  test('asks Google for offline access with consent, which is what brings a refresh token, and uses PKCE', () => {
    const http = loopbackHttp()
    const client = googleAdsClient({ clientId: 'id', clientSecret: 'secret', redirectUri, http })
    const url = new URL(client.authorizationUrl({ state: 's', codeChallenge: 'c' }))
    expect(url.origin + url.pathname).toBe('https://accounts.google.com/o/oauth2/v2/auth')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      access_type: 'offline',
      prompt: 'consent',
      response_type: 'code',
      client_id: 'id',
      redirect_uri: redirectUri,
      scope: `openid ${adwords}`,
      state: 's',
      code_challenge: 'c',
      code_challenge_method: 'S256',
    })
    expect(client.authorization.iss).toEqual({ value: 'https://accounts.google.com', isAlwaysSent: false })
  })

  test('goes nowhere but over TLS', () => {
    const endpoints = {
      authorization: 'http://127.0.0.1:1/a',
      token: 'http://127.0.0.1:1/t',
      revoke: 'http://127.0.0.1:1/r',
      ads: 'https://ads.example',
    }
    const options = { clientId: 'id', clientSecret: 'secret', redirectUri, http: loopbackHttp(), endpoints }
    expect(() => googleAdsClient(options)).toThrow(ConfigInvalidError)
    expect(() => googleAdsClient({ ...options, allowLoopbackHttp: true })).not.toThrow()
  })

  test('is refused with every setting named that is wrong', () => {
    const endpoints = {
      authorization: 'https://accounts.example/a',
      token: 'token',
      revoke: 'http://accounts.example/r',
      ads: 'http://ads.example',
    }
    const options = {
      clientId: '',
      clientSecret: '',
      redirectUri: 'callback',
      http: loopbackHttp(),
      endpoints,
    }
    expect(() => googleAdsClient(options)).toThrow(
      /clientId.*clientSecret.*redirectUri.*endpoints\.token.*endpoints\.revoke.*endpoints\.ads/,
    )
  })
})

describe('a grant', () => {
  test('tells its person, its scopes and its accounts', async () => {
    const { client } = await emulatedGoogle()
    const tokens = await grantOf(client, { person: 'ada' })
    expect(tokens.refreshToken).toBeDefined()
    const examination = await client.examine(tokens.accessToken, tokens.grantedScopes)
    expect(examination).toMatchObject({ missingScopes: [], grantedScopes: ['openid', adwords] })
    expect(examination.subject).toMatchObject({ issuer: 'https://accounts.google.com' })
    expect(examination.accounts.map(({ name }) => name)).toEqual([
      'ada store 1',
      'ada store 2',
      'ada store 3',
    ])
    expect(examination.accounts[0]).toMatchObject({ isUsable: true, currency: 'USD', status: 'ENABLED' })
    expect(examination.accounts[0]).not.toHaveProperty('loginCustomerId')
  })

  test('without the Google Ads permission says what is missing', async () => {
    const { client } = await emulatedGoogle()
    const tokens = await grantOf(client, { person: 'dana' })
    const missing = { missingScopes: [adwords], accounts: [] }
    expect(await client.examine(tokens.accessToken, tokens.grantedScopes)).toMatchObject(missing)
    // Examined later, the grant's scopes are only known by what the API refuses.
    expect(await client.examine(tokens.accessToken)).toMatchObject(missing)
    await expect(client.verify(tokens.accessToken)).rejects.toMatchObject({
      kind: 'permission',
      missingScopes: [adwords],
    })
  })

  test('without openid has no subject, and works', async () => {
    const { client } = await emulatedGoogle({ scopes: [adwords] })
    const tokens = await grantOf(client, { person: 'sol' })
    const examination = await client.examine(tokens.accessToken, tokens.grantedScopes)
    expect(examination).not.toHaveProperty('subject')
    expect(examination.accounts).toHaveLength(1)
  })

  test('of somebody who never used Google Ads, or lost every account, reaches nothing', async () => {
    const { client } = await emulatedGoogle()
    for (const person of ['nora', 'nell']) {
      const { accessToken, grantedScopes } = await grantOf(client, { person })
      expect((await client.examine(accessToken, grantedScopes)).accounts).toEqual([])
      await client.verify(accessToken)
    }
  })

  test('lists a closed account as not usable, without a name', async () => {
    const { client } = await emulatedGoogle()
    const { accessToken } = await grantOf(client, { person: 'clara' })
    const { accounts } = await client.examine(accessToken)
    expect(accounts.map(({ isUsable }) => isUsable)).toEqual([true, false])
    expect(accounts[1]).toMatchObject({ status: 'CUSTOMER_NOT_ENABLED' })
    expect(accounts[1]).not.toHaveProperty('name')
  })

  test('reaches accounts below managers, each once, with the manager to go through', async () => {
    const { client } = await emulatedGoogle()
    const { accessToken } = await grantOf(client, { person: 'manny' })
    const { accounts } = await client.examine(accessToken)
    const [root] = accounts
    expect(root).toMatchObject({ name: 'manny agency 0', isManager: true, isUsable: false })
    expect(
      accounts.slice(1).map(({ name, isUsable, isManager, loginCustomerId }) => ({
        name,
        isUsable,
        isManager,
        through: loginCustomerId === root?.id,
      })),
    ).toEqual([
      { name: 'manny store 1', isUsable: true, isManager: false, through: true },
      { name: 'manny store 2', isUsable: true, isManager: false, through: true },
      { name: 'manny agency 3', isUsable: false, isManager: true, through: true },
      { name: 'manny store 4', isUsable: true, isManager: false, through: true },
      { name: 'manny store 5', isUsable: false, isManager: false, through: true },
    ])
  })

  test('over three thousand accounts is found in three requests', async () => {
    const { client, emulator } = await emulatedGoogle()
    const { accessToken } = await grantOf(client, { person: 'max' })
    emulator.control.clearRequests()
    const { accounts } = await client.examine(accessToken)
    expect(accounts).toHaveLength(3001)
    expect(emulator.control.requests('google_ads', 'api')).toHaveLength(3)
  })
})

describe('the developer token', () => {
  test('is sent when there is one, and only then', async () => {
    for (const developerToken of [undefined, 'dev-token-1']) {
      const { client, emulator } = await emulatedGoogle({ developerToken })
      const { accessToken } = await grantOf(client, { person: 'sol' })
      await client.examine(accessToken)
      const sent = emulator.control
        .requests('google_ads', 'api')
        .map(({ headers }) => headers['developer-token'])
      expect(new Set(sent)).toEqual(new Set([developerToken]))
    }
  })
})

describe('a token', () => {
  test('is refreshed as often as need be with the same refresh token', async () => {
    const { client, emulator } = await emulatedGoogle()
    const tokens = await grantOf(client, { person: 'ada' })
    emulator.control.expireAccessTokens('google_ads')
    expect(await failureOf(client.verify(tokens.accessToken))).toMatchObject({ kind: 'reauthorize' })
    const refreshed = await client.refresh(tokens)
    expect(refreshed).not.toHaveProperty('refreshToken')
    await client.verify(refreshed.accessToken)
    await client.refresh(tokens)
  })

  test('that the person took back needs them again', async () => {
    const { client, emulator } = await emulatedGoogle()
    const tokens = await grantOf(client, { person: 'ada' })
    emulator.control.revokeAtPlatform('google_ads', 'ada')
    expect(await failureOf(client.refresh(tokens))).toMatchObject({
      kind: 'reauthorize',
      providerCode: 'invalid_grant',
    })
    expect(await failureOf(client.examine(tokens.accessToken))).toMatchObject({
      kind: 'reauthorize',
      providerCode: 'authenticationError/OAUTH_TOKEN_REVOKED',
    })
  })

  test('is revoked with everything the person granted, without the app’s secret or a query, and twice is as good', async () => {
    const { client, emulator } = await emulatedGoogle()
    const first = await grantOf(client, { person: 'ada' })
    const second = await grantOf(client, { person: 'ada' })
    await client.revoke(first)
    expect(await failureOf(client.refresh(second))).toMatchObject({ kind: 'reauthorize' })
    await client.revoke(first)
    expect(client.traits.revocation).toBe('subject')
    const [request] = emulator.control.requests('google_ads', 'revoke')
    expect(JSON.stringify(request)).not.toContain('client_secret')
    expect(request?.target).toBe('/google/revoke')
    expect(request?.headers['authorization']).toBeUndefined()
  })

  test('is nobody’s fault while Google is throttling or down', async () => {
    const { client, emulator } = await emulatedGoogle()
    const { accessToken } = await grantOf(client, { person: 'ada' })
    emulator.control.fail('google_ads', 'accounts', emulatorFaults.googleQuota(5))
    expect(await failureOf(client.verify(accessToken))).toMatchObject({
      kind: 'rate_limited',
      providerCode: 'quotaError/RESOURCE_TEMPORARILY_EXHAUSTED',
      retryAfterMs: 5_000,
    })
    emulator.control.fail('google_ads', 'search', emulatorFaults.googleQuota(5))
    expect(await failureOf(client.examine(accessToken))).toMatchObject({
      kind: 'rate_limited',
      // Not the app: its tokens come from a service of their own.
      concerns: 'connection',
    })
    emulator.control.fail('google_ads', 'accounts', { status: 503, body: '<h1>Down</h1>' })
    expect(await failureOf(client.verify(accessToken))).toMatchObject({ kind: 'transient' })
  })

  test('that Google never issued is refused', async () => {
    const { client } = await emulatedGoogle()
    expect(await failureOf(client.examine(new Secret('ya29.never')))).toMatchObject({ kind: 'reauthorize' })
  })
})
