import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { consent, ConsentRefusedError, emulatorApps, emulatorFaults } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  adwords,
  challenge,
  googleAuthorizationUrl,
  googleTokens,
  postForm,
  redirectUri,
  runEmulator,
  verifier,
} from './running-emulator.ts'

const customerQuery =
  'SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.manager, customer.test_account, customer.status FROM customer LIMIT 1'
const clientQuery =
  'SELECT customer_client.client_customer, customer_client.id, customer_client.level, customer_client.manager, customer_client.descriptive_name, customer_client.status FROM customer_client'

function token(emulator: Emulator, form: Readonly<Record<string, string>>): Promise<Response> {
  const { clientId, clientSecret } = emulatorApps.google_ads
  return postForm(emulator.endpoints.google_ads.token, {
    client_id: clientId,
    client_secret: clientSecret,
    ...form,
  })
}

async function accessible(emulator: Emulator, accessToken: string): Promise<readonly string[]> {
  const url = `${emulator.endpoints.google_ads.ads}/customers:listAccessibleCustomers`
  const answer = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })
  const { resourceNames } = accessibleBody.parse(await answer.json())
  return resourceNames.map((name) => name.replace('customers/', ''))
}

function search(
  emulator: Emulator,
  accessToken: string,
  asked: { customer: string; query?: string; login?: string; method?: 'search' | 'searchStream' },
): Promise<Response> {
  const { customer, query = customerQuery, login, method = 'searchStream' } = asked
  return fetch(`${emulator.endpoints.google_ads.ads}/customers/${customer}/googleAds:${method}`, {
    method: 'POST',
    body: JSON.stringify({ query }),
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      ...(login === undefined ? {} : { 'login-customer-id': login }),
    },
  })
}

const accessibleBody = z.object({ resourceNames: z.array(z.string()).default([]) })
const clientRow = z.object({
  customerClient: z.object({ id: z.string(), level: z.string(), manager: z.boolean(), status: z.string() }),
})
const clientChunks = z.array(z.object({ results: z.array(clientRow) }))
const certificatesBody = z.object({ keys: z.array(z.record(z.string(), z.string())).length(1) })

async function clientRows(answer: Response): Promise<readonly z.output<typeof clientRow>[]> {
  const chunks = clientChunks.parse(await answer.json())
  return chunks.flatMap(({ results }) => results)
}

test('answers with code, state, granted scopes and issuer', async () => {
  const emulator = await runEmulator()
  const { searchParams } = await consent(googleAuthorizationUrl(emulator), {
    person: 'ada',
    scopes: [adwords],
  })
  expect(searchParams.get('code')).toMatch(/^4\/0A/)
  expect(searchParams.get('scope')).toBe(adwords)
  expect(searchParams.get('iss')).toBe('https://accounts.google.com')
})

test('reports a refusal, and keeps a wrong redirect URI on its own page', async () => {
  const emulator = await runEmulator()
  const denied = await consent(googleAuthorizationUrl(emulator), { decision: 'deny' })
  expect(denied.searchParams.get('error')).toBe('access_denied')
  const wrong = googleAuthorizationUrl(emulator, { redirect_uri: 'https://elsewhere.test/' })
  await expect(consent(wrong)).rejects.toThrow(ConsentRefusedError)
})

test('gives a refresh token for offline access on the first consent or on prompt=consent', async () => {
  const emulator = await runEmulator()
  const has = async (query: Readonly<Record<string, string>>): Promise<boolean> =>
    (await googleTokens(emulator, { person: 'ada' }, query)).refresh_token !== ''
  expect(await has({ access_type: 'online' })).toBe(false)
  expect(await has({ prompt: '' })).toBe(false)
  expect(await has({ prompt: 'select_account consent' })).toBe(true)
  expect((await googleTokens(emulator, { person: 'sol' }, { prompt: '' })).refresh_token).not.toBe('')
})

test('keeps the refresh token on refresh', async () => {
  const emulator = await runEmulator()
  const first = await googleTokens(emulator, { person: 'ada' })
  const answer = await token(emulator, { grant_type: 'refresh_token', refresh_token: first.refresh_token })
  const body: unknown = await answer.json()
  expect(body).toMatchObject({ expires_in: 3599, token_type: 'Bearer' })
  expect(body).not.toHaveProperty('refresh_token')
})

test('checks the code verifier of a challenge', async () => {
  const emulator = await runEmulator()
  const url = googleAuthorizationUrl(emulator, { code_challenge: challenge, code_challenge_method: 'S256' })
  const code = (await consent(url, { person: 'ada' })).searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  expect(await (await token(emulator, grant)).json()).toMatchObject({ error: 'invalid_grant' })
  expect((await token(emulator, { ...grant, code_verifier: `${verifier}x` })).status).toBe(400)
  expect((await token(emulator, { ...grant, code_verifier: verifier })).status).toBe(200)
})

test('signs an ID token that its published key verifies', async () => {
  const emulator = await runEmulator()
  const { id_token: idToken } = await googleTokens(emulator, { person: 'ada' })
  const [header = '', payload = '', signature = ''] = String(idToken).split('.')
  const certificates = certificatesBody.parse(
    await (await fetch(`${emulator.url}/google/oauth2/v3/certs`)).json(),
  )
  const key = createPublicKey({ key: certificates.keys[0] ?? {}, format: 'jwk' })
  expect(
    verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')),
  ).toBe(true)
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    iss: 'https://accounts.google.com',
    aud: emulatorApps.google_ads.clientId,
  })
})

test('lets the oldest of 101 refresh tokens of one person die', async () => {
  const emulator = await runEmulator()
  const oldest = await googleTokens(emulator, { person: 'ada' })
  const second = await googleTokens(emulator, { person: 'ada' })
  for (let count = 3; count <= 101; count += 1) await googleTokens(emulator, { person: 'ada' })
  expect(emulator.control.accepts('google_ads', oldest.refresh_token)).toBe(false)
  expect(emulator.control.accepts('google_ads', second.refresh_token)).toBe(true)
})

test('revoking any token ends all that the person granted', async () => {
  const emulator = await runEmulator()
  const first = await googleTokens(emulator, { person: 'ada' })
  const second = await googleTokens(emulator, { person: 'ada' })
  const revoked = await postForm(emulator.endpoints.google_ads.revoke, { token: first.access_token })
  expect([revoked.status, await revoked.json()]).toEqual([200, {}])
  const answer = await token(emulator, { grant_type: 'refresh_token', refresh_token: second.refresh_token })
  expect(await answer.json()).toEqual({
    error: 'invalid_grant',
    error_description: 'Token has been expired or revoked.',
  })
  const again = await postForm(emulator.endpoints.google_ads.revoke, { token: first.access_token })
  expect(await again.json()).toMatchObject({ error: 'invalid_token' })
})

test('names the accounts that are reached directly', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'ada' })
  const ids = await accessible(emulator, accessToken)
  expect(ids).toHaveLength(3)
  const answer = await search(emulator, accessToken, { customer: ids[0] ?? '' })
  expect(await answer.json()).toMatchObject([
    {
      results: [
        { customer: { id: ids[0], descriptiveName: 'ada store 1', manager: false, status: 'ENABLED' } },
      ],
    },
  ])
  const plain = await search(emulator, accessToken, { customer: ids[0] ?? '', method: 'search' })
  expect(await plain.json()).toMatchObject({ results: [{ customer: { currencyCode: 'USD' } }] })
})

test('opens the accounts below a manager only through the manager', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'manny' })
  const [managerId = ''] = await accessible(emulator, accessToken)
  const firstLevel = `${clientQuery} WHERE customer_client.level <= 1`
  const levels = (
    await clientRows(await search(emulator, accessToken, { customer: managerId, query: firstLevel }))
  ).map(({ customerClient }) => customerClient.level)
  expect(levels).toEqual(['0', '1', '1', '1'])
  const rows = await clientRows(
    await search(emulator, accessToken, { customer: managerId, query: clientQuery }),
  )
  expect(rows.map(({ customerClient }) => customerClient.status)).toContain('CANCELED')
  const child = rows.find(({ customerClient }) => customerClient.level === '1' && !customerClient.manager)
  const customer = child?.customerClient.id ?? ''
  const alone = await search(emulator, accessToken, { customer })
  expect(alone.status).toBe(403)
  expect(await alone.json()).toMatchObject([
    { error: { details: [{ errors: [{ errorCode: { authorizationError: 'USER_PERMISSION_DENIED' } }] }] } },
  ])
  expect((await search(emulator, accessToken, { customer, login: managerId })).status).toBe(200)
  expect((await search(emulator, accessToken, { customer, login: 'customers/1' })).status).toBe(400)
})

test('lists 3,000 accounts of a manager in several chunks', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'max' })
  const [managerId = ''] = await accessible(emulator, accessToken)
  const answer = await search(emulator, accessToken, { customer: managerId, query: clientQuery })
  const rows = await clientRows(answer)
  expect(new Set(rows.map(({ customerClient }) => customerClient.id)).size).toBe(3001)
})

test('lists a closed account but answers no query on it', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'clara' })
  const [, closed = ''] = await accessible(emulator, accessToken)
  const answer = await search(emulator, accessToken, { customer: closed })
  expect(await answer.json()).toMatchObject([
    {
      error: {
        code: 403,
        details: [{ errors: [{ errorCode: { authorizationError: 'CUSTOMER_NOT_ENABLED' } }] }],
      },
    },
  ])
})

test.each([
  ['nora', 401, 'NOT_ADS_USER'],
  ['dana', 403, 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'],
])('refuses the accounts of %s with %i %s', async (person, status, code) => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person })
  const url = `${emulator.endpoints.google_ads.ads}/customers:listAccessibleCustomers`
  const answer = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)])
})

test('lists nothing for somebody who lost access to every account', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'nell' })
  expect(await accessible(emulator, accessToken)).toEqual([])
})

test('tells an expired token from a revoked one', async () => {
  const emulator = await runEmulator()
  const { access_token: accessToken } = await googleTokens(emulator, { person: 'ada' })
  emulator.control.expireAccessTokens('google_ads', 'ada')
  const expired = await search(emulator, accessToken, { customer: '1' })
  expect(await expired.text()).toContain('ACCESS_TOKEN_EXPIRED')
  emulator.control.revokeAtPlatform('google_ads', 'ada')
  const revoked = await search(emulator, accessToken, { customer: '1' })
  expect(await revoked.text()).toContain('OAUTH_TOKEN_REVOKED')
})

test('says when a quota is free again, in the details only', async () => {
  const emulator = await runEmulator()
  emulator.control.fail('google_ads', 'search', emulatorFaults.googleQuota(5))
  const answer = await search(emulator, 'any', { customer: '1' })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, null])
  expect(await answer.text()).toContain('"retryDelay":"5s"')
})

test('has forgotten the versions that were shut down', async () => {
  const emulator = await runEmulator()
  expect((await fetch(`${emulator.url}/google/ads/v17/customers:listAccessibleCustomers`)).status).toBe(404)
})
