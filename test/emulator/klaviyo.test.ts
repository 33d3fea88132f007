import { expect, test } from 'vitest'
import { z } from 'zod'
import { consent, emulatorApps, emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  basicOf,
  challenge,
  postForm,
  redirectUri,
  runEmulator,
  tokensOf,
  verifier,
  withQuery,
} from './running-emulator.ts'

const listsPage = z.object({
  data: z.array(z.object({ attributes: z.object({ name: z.string() }) })),
  links: z.object({ next: z.string().nullable() }),
})
const revision = { revision: '2026-07-15' }

function api(emulator: Emulator, path: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${emulator.endpoints.klaviyo.api}${path}`, { headers })
}

function withKey(key: string): Record<string, string> {
  return { authorization: `Klaviyo-API-Key ${key}`, ...revision }
}

test('shows the account of a key, whose id is the public key', async () => {
  const emulator = await runEmulator()
  const answer = await api(emulator, '/accounts', withKey(emulatorKlaviyoKeys.full))
  expect(answer.headers.get('ratelimit-limit')).toBe('1, 1;w=1, 15;w=60')
  expect(await answer.json()).toMatchObject({
    data: [{ type: 'account', id: 'EMUFUL', attributes: { public_api_key: 'EMUFUL' } }],
    links: { next: null },
  })
})

test('pages lists by ten with a cursor, and its links name the real host', async () => {
  const emulator = await runEmulator()
  const names: string[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `?page[cursor]=${cursor}`
    const answer = await api(emulator, `/lists${query}`, withKey(emulatorKlaviyoKeys.full))
    const page = listsPage.parse(await answer.json())
    expect(page.data.length).toBeLessThanOrEqual(10)
    names.push(...page.data.map(({ attributes }) => attributes.name))
    if (page.links.next !== null)
      expect(page.links.next).toMatch(/^https:\/\/a\.klaviyo\.com\/api\/lists\/\?page%5Bcursor%5D=/)
    cursor = page.links.next === null ? null : new URL(page.links.next).searchParams.get('page[cursor]')
  } while (cursor !== null)
  expect(new Set(names).size).toBe(25)
})

test.each([
  ['no revision', '/lists', { authorization: `Klaviyo-API-Key ${emulatorKlaviyoKeys.full}` }, 400, 'invalid'],
  ['a page of 11', '/lists?page[size]=11', withKey(emulatorKlaviyoKeys.full), 400, 'invalid'],
  ['no key', '/accounts', revision, 401, 'not_authenticated'],
  ['a deleted key', '/accounts', withKey(emulatorKlaviyoKeys.deleted), 401, 'authentication_failed'],
  ['a key without the scope', '/lists', withKey(emulatorKlaviyoKeys.withoutLists), 403, 'permission_denied'],
  ['an unknown list', '/lists/XXXXXX', withKey(emulatorKlaviyoKeys.full), 404, 'not_found'],
])('answers %s as JSON:API does', async (_, path, headers, status, code) => {
  const emulator = await runEmulator()
  const answer = await api(emulator, path, headers)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ errors: [{ status, code }] })
})

test('deletes the keys of an account at the platform', async () => {
  const emulator = await runEmulator()
  emulator.control.revokeAtPlatform('klaviyo', emulatorKlaviyoKeys.full)
  expect((await api(emulator, '/accounts', withKey(emulatorKlaviyoKeys.full))).status).toBe(401)
  expect((await api(emulator, '/accounts', withKey(emulatorKlaviyoKeys.withoutLists))).status).toBe(200)
})

test('throttles with Retry-After and without the rate-limit headers', async () => {
  const emulator = await runEmulator()
  emulator.control.setBudget('klaviyo', 1)
  await api(emulator, '/accounts', withKey(emulatorKlaviyoKeys.full))
  const answer = await api(emulator, '/accounts', withKey(emulatorKlaviyoKeys.full))
  expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('ratelimit-limit')]).toEqual([
    429,
    '1',
    null,
  ])
})

test('grants OAuth tokens with PKCE and Basic, and a successor on each refresh', async () => {
  const emulator = await runEmulator()
  const url = withQuery(`${emulator.url}/klaviyo/oauth/authorize`, {
    client_id: emulatorApps.klaviyo.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'accounts:read lists:read',
    state: 's',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  const token = (form: Readonly<Record<string, string>>): Promise<Response> =>
    postForm(`${emulator.url}/klaviyo/oauth/token`, form, basicOf(emulatorApps.klaviyo))
  const callback = await consent(url, { person: 'ada' })
  const code = callback.searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  expect((await token({ ...grant, code_verifier: `${verifier}x` })).status).toBe(400)
  const first = await tokensOf(await token({ ...grant, code_verifier: verifier }))
  expect(first).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'accounts:read lists:read' })
  const bearer = { authorization: `Bearer ${first.access_token}`, ...revision }
  expect((await api(emulator, '/lists', bearer)).status).toBe(200)
  expect((await api(emulator, '/segments', bearer)).status).toBe(403)
  const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
  const second = await tokensOf(await token(refresh))
  expect(second.refresh_token).not.toBe(first.refresh_token)
  expect(await (await token(refresh)).json()).toMatchObject({ error: 'invalid_grant_type' })
  const revoked = await postForm(
    `${emulator.url}/klaviyo/oauth/revoke`,
    { token: second.refresh_token, token_type_hint: 'refresh_token' },
    basicOf(emulatorApps.klaviyo),
  )
  expect(revoked.status).toBe(200)
  expect(emulator.control.accepts('klaviyo', second.access_token)).toBe(false)
})
