import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { consent, ConsentRefusedError, emulatorApps, emulatorFaults } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  metaDialogUrl,
  metaToken,
  postForm,
  redirectUri,
  runEmulator,
  tokensOf,
  withQuery,
} from './running-emulator.ts'

const accountsPage = z.object({
  data: z.array(z.object({ id: z.string() })),
  paging: z.object({ next: z.string().optional() }).optional(),
})
const profileBody = z.object({ id: z.string() })
const { clientId, clientSecret } = emulatorApps.meta

function graph(
  emulator: Emulator,
  path: string,
  query: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<Response> {
  return fetch(withQuery(`${emulator.endpoints.meta.graph}/${path}`, query), { method })
}

function exchange(emulator: Emulator, changes: Readonly<Record<string, string>>): Promise<Response> {
  const form = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri, ...changes }
  return postForm(`${emulator.endpoints.meta.graph}/oauth/access_token`, form)
}

async function metaCode(emulator: Emulator): Promise<string> {
  return (await consent(metaDialogUrl(emulator), { person: 'ada' })).searchParams.get('code') ?? ''
}

test('sends the browser back with a code, the state and the fragment', async () => {
  const emulator = await runEmulator()
  const callback = await consent(metaDialogUrl(emulator), { person: 'ada' })
  expect(callback.href).toMatch(/^http:\/\/localhost:4999\/callback\?code=[^&]+&state=s#_=_$/)
})

test('reports a refusal with the parameters that Meta uses', async () => {
  const emulator = await runEmulator()
  const callback = await consent(metaDialogUrl(emulator), { decision: 'deny' })
  expect(Object.fromEntries(callback.searchParams)).toEqual({
    error: 'access_denied',
    error_code: '200',
    error_description: 'Permissions error',
    error_reason: 'user_denied',
    state: 's',
  })
})

test.each([
  ['an unknown app', { client_id: '1' }],
  ['a redirect URI that is not registered', { redirect_uri: 'https://elsewhere.test/callback' }],
])('keeps the browser on its own page for %s', async (_, query) => {
  const emulator = await runEmulator()
  await expect(consent(metaDialogUrl(emulator, query))).rejects.toThrow(ConsentRefusedError)
})

test('exchanges a code for a short token and that for a long one, and describes both', async () => {
  const emulator = await runEmulator()
  const short = await exchange(emulator, { code: await metaCode(emulator) })
  const body = await tokensOf(short)
  expect(body.access_token).toMatch(/^EAA/)
  expect(body).toMatchObject({ token_type: 'bearer', expires_in: 5400 })
  const long = await metaToken(emulator, { person: 'ada' })
  expect(long['expires_in']).toBe(5_183_944)
  const app = { access_token: `${clientId}|${clientSecret}`, input_token: long.access_token }
  const described = await graph(emulator, 'debug_token', app)
  expect(await described.json()).toMatchObject({
    data: {
      is_valid: true,
      type: 'USER',
      app_id: clientId,
      scopes: ['public_profile', 'ads_read', 'business_management'],
    },
  })
})

test('gives a system user a token without an end', async () => {
  const emulator = await runEmulator()
  const token = await metaToken(emulator, { person: 'sys' })
  expect(token).not.toHaveProperty('expires_in')
  const app = { access_token: `${clientId}|${clientSecret}`, input_token: token.access_token }
  const described = await graph(emulator, 'debug_token', app)
  expect(await described.json()).toMatchObject({
    data: { type: 'SYSTEM_USER', expires_at: 0, data_access_expires_at: 0 },
  })
})

test('takes a code once, from the same redirect URI, in time, with the right secret', async () => {
  const emulator = await runEmulator()
  const code = await metaCode(emulator)
  const subcode = async (changes: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await exchange(emulator, changes)
    expect(answer.status).toBe(400)
    return answer.json()
  }
  expect(await subcode({ code, client_secret: 'wrong' })).toMatchObject({ error: { code: 1 } })
  expect(await subcode({ code, redirect_uri: `${redirectUri}/other` })).toMatchObject({
    error: { code: 100, error_subcode: 36008 },
  })
  expect((await exchange(emulator, { code })).status).toBe(200)
  expect(await subcode({ code })).toMatchObject({ error: { code: 100, error_subcode: 36009 } })
  const late = await metaCode(emulator)
  emulator.control.advance(600_000)
  expect(await subcode({ code: late })).toMatchObject({ error: { code: 100, error_subcode: 36007 } })
})

test('will not exchange a token that has expired', async () => {
  const emulator = await runEmulator({ lifetimes: { meta: { longLived: 60 } } })
  const token = await metaToken(emulator, { person: 'ada' })
  emulator.control.advance(60_000)
  const again = await exchange(emulator, {
    grant_type: 'fb_exchange_token',
    fb_exchange_token: token.access_token,
  })
  expect(await again.json()).toMatchObject({ error: { code: 190, error_subcode: 463 } })
})

test('pages through 3,000 ad accounts by the next link on its own host', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'max' })
  const ids = new Set<string>()
  let url: string | undefined = withQuery(`${emulator.endpoints.meta.graph}/me/adaccounts`, {
    access_token: token,
    fields: 'id,account_id,name,account_status,business{id,name}',
    limit: '500',
  })
  let pages = 0
  while (url !== undefined) {
    expect(url.startsWith(emulator.url)).toBe(true)
    const page = accountsPage.parse(await (await fetch(url)).json())
    for (const { id } of page.data) ids.add(id)
    url = page.paging?.next
    pages += 1
  }
  expect([ids.size, pages]).toEqual([3000, 6])
})

test('asks a declined permission again only on a rerequest', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'dana' })
  const statuses = async (): Promise<unknown> =>
    (await graph(emulator, 'me/permissions', { access_token: token })).json()
  expect(await statuses()).toMatchObject({
    data: [
      {},
      { permission: 'ads_read', status: 'granted' },
      { permission: 'business_management', status: 'declined' },
    ],
  })
  await consent(metaDialogUrl(emulator, { auth_type: 'rerequest' }), { person: 'dana' })
  expect(await statuses()).toMatchObject({
    data: [{}, {}, { permission: 'business_management', status: 'granted' }],
  })
})

test('refuses ad accounts to a grant without an ads permission', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, {
    person: 'ada',
    scopes: ['business_management'],
  })
  const answer = await graph(emulator, 'me/adaccounts', { access_token: token })
  expect(await answer.json()).toMatchObject({ error: { code: 200 } })
})

test('ends every token of the person when one of them removes the app', async () => {
  const emulator = await runEmulator()
  const first = await metaToken(emulator, { person: 'ada' })
  const second = await metaToken(emulator, { person: 'ada' })
  const other = await metaToken(emulator, { person: 'sol' })
  const removed = await graph(emulator, 'me/permissions', { access_token: first.access_token }, 'DELETE')
  expect(await removed.json()).toEqual({ success: true })
  const gone = await graph(emulator, 'me', { access_token: second.access_token })
  expect(gone.headers.get('www-authenticate')).toContain('invalid_token')
  expect(await gone.json()).toMatchObject({ error: { code: 190, error_subcode: 458 } })
  expect((await graph(emulator, 'me', { access_token: other.access_token })).status).toBe(200)
})

test('says why a session ended', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'ada' })
  emulator.control.revokeAtPlatform('meta', 'ada', 'password_changed')
  const answer = await graph(emulator, 'me', { access_token: token })
  expect(await answer.json()).toMatchObject({ error: { code: 190, error_subcode: 460 } })
})

test('checks appsecret_proof when it is sent, and asks for it when the app requires it', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'ada' })
  const proof = createHmac('sha256', clientSecret).update(token).digest('hex')
  const status = async (query: Readonly<Record<string, string>>): Promise<number> =>
    (await graph(emulator, 'me', { access_token: token, ...query })).status
  expect(await status({ appsecret_proof: 'ff' })).toBe(400)
  emulator.control.requireAppSecretProof(true)
  expect(await status({})).toBe(400)
  expect(await status({ appsecret_proof: proof })).toBe(200)
})

test('throttles with HTTP 400 or 403, usage headers and no Retry-After', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'ada' })
  emulator.control.fail('meta', 'accounts', emulatorFaults.metaThrottle(80004, 19))
  const answer = await graph(emulator, 'me/adaccounts', { access_token: token })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([400, null])
  expect(answer.headers.get('x-business-use-case-usage')).toContain('"estimated_time_to_regain_access":19')
  expect(await answer.json()).toMatchObject({ error: { code: 80004 } })
})

test('posts a signed request that the app can verify with its secret', async () => {
  const emulator = await runEmulator()
  const { access_token: token } = await metaToken(emulator, { person: 'ada' })
  const profile = profileBody.parse(await (await graph(emulator, 'me', { access_token: token })).json())
  const received: string[] = []
  const app = createServer((request, response) => {
    request.on('data', (piece: Buffer) => received.push(piece.toString()))
    request.on('end', () => response.end('{"url":"https://app.test/status","confirmation_code":"c"}'))
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const address = app.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const answer = await emulator.control.sendDataDeletion('ada', `http://127.0.0.1:${address.port}/deletion`)
  app.close()
  expect(answer).toEqual({ status: 200, body: '{"url":"https://app.test/status","confirmation_code":"c"}' })
  const [signature, payload = ''] = (
    new URLSearchParams(received.join('')).get('signed_request') ?? ''
  ).split('.')
  expect(signature).toBe(createHmac('sha256', clientSecret).update(payload).digest('base64url'))
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    user_id: profile.id,
    algorithm: 'HMAC-SHA256',
  })
})
