import { expect, test } from 'vitest'
import { z } from 'zod'
import { consent, emulatorFaults } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  postJson,
  runEmulator,
  tiktokApp,
  tiktokCode,
  tiktokPortalUrl,
  tiktokToken,
  withQuery,
} from './running-emulator.ts'

const envelope = z.object({ code: z.number(), data: z.record(z.string(), z.unknown()) })
type Envelope = z.output<typeof envelope>

async function envelopeOf(response: Response): Promise<Envelope> {
  expect(response.status).toBe(200)
  return envelope.parse(await response.json())
}

function get(
  emulator: Emulator,
  path: string,
  query: Readonly<Record<string, string>>,
  accessToken: string,
): Promise<Response> {
  const headers = { 'access-token': accessToken }
  return fetch(withQuery(`${emulator.endpoints.tiktok.api}${path}`, query), { headers })
}

async function exchange(emulator: Emulator, authCode: string, changes: object = {}): Promise<Envelope> {
  const body = { ...tiktokApp, auth_code: authCode, ...changes }
  return envelopeOf(await postJson(`${emulator.endpoints.tiktok.api}/oauth2/access_token/`, body))
}

test('the portal gives the code under both names', async () => {
  const emulator = await runEmulator()
  const { searchParams } = await consent(tiktokPortalUrl(emulator), { person: 'ada' })
  expect(searchParams.get('auth_code')).toBe(searchParams.get('code'))
  expect(searchParams.get('state')).toBe('s')
})

test('a refusal leaves the person on the portal, from where they return without a code', async () => {
  const emulator = await runEmulator()
  const callback = await consent(tiktokPortalUrl(emulator), { decision: 'deny' })
  expect(Object.fromEntries(callback.searchParams)).toEqual({ state: 's' })
})

test('a healthy token has neither an expiry nor a refresh token', async () => {
  const emulator = await runEmulator()
  const answer = await exchange(emulator, await tiktokCode(emulator, { person: 'ada' }))
  expect(answer).toMatchObject({ code: 0, data: { scope: [1, 2, 4] } })
  expect(Object.keys(answer.data).sort()).toEqual(['access_token', 'advertiser_ids', 'scope'])
})

test('carries an expiry and a refresh token when lifetimes are asked for', async () => {
  const emulator = await runEmulator({ lifetimes: { tiktok: { access: 60, refresh: 120 } } })
  const { data } = await exchange(emulator, await tiktokCode(emulator, { person: 'ada' }))
  expect(data).toMatchObject({ expires_in: 60 })
  expect(data).toHaveProperty('refresh_token')
})

test('judges codes and apps by code, always with HTTP 200', async () => {
  const emulator = await runEmulator()
  const code = await tiktokCode(emulator, { person: 'ada' })
  expect((await exchange(emulator, code, { secret: 'wrong' })).code).toBe(40113)
  expect((await exchange(emulator, 'unknown')).code).toBe(40101)
  expect((await exchange(emulator, code)).code).toBe(0)
  expect((await exchange(emulator, code)).code).toBe(40110)
  const late = await tiktokCode(emulator, { person: 'ada' })
  emulator.control.advance(3_600_000)
  expect((await exchange(emulator, late)).code).toBe(40110)
})

test('answers 404 without the trailing slash', async () => {
  const emulator = await runEmulator()
  expect((await postJson(`${emulator.endpoints.tiktok.api}/oauth2/access_token`, tiktokApp)).status).toBe(404)
})

test('lists the advertisers, with details in batches of a hundred', async () => {
  const emulator = await runEmulator()
  const token = await tiktokToken(emulator, 'max')
  const { data } = await envelopeOf(await get(emulator, '/oauth2/advertiser/get/', tiktokApp, token))
  const ids = JSON.stringify(data['list']).match(/\d{19}/g) ?? []
  expect(new Set(ids).size).toBe(3000)
  const info = async (count: number): Promise<Envelope> => {
    const query = {
      advertiser_ids: JSON.stringify(ids.slice(0, count)),
      fields: '["advertiser_id","name","status"]',
    }
    return envelopeOf(await get(emulator, '/advertiser/info/', query, token))
  }
  expect(await info(101)).toMatchObject({ code: 40002 })
  const batch = await info(100)
  expect(batch.data['list']).toHaveLength(100)
  expect(batch.data['list']).toContainEqual({
    advertiser_id: ids[0],
    name: 'max brand 1',
    status: 'STATUS_ENABLE',
  })
})

test('refuses the details of an advertiser that is not reached', async () => {
  const emulator = await runEmulator()
  const token = await tiktokToken(emulator, 'sol')
  const answer = await get(emulator, '/advertiser/info/', { advertiser_ids: '["1"]' }, token)
  expect((await envelopeOf(answer)).code).toBe(40001)
})

test('revokes that token and no other', async () => {
  const emulator = await runEmulator()
  const first = await tiktokToken(emulator, 'ada')
  const second = await tiktokToken(emulator, 'ada')
  const revoke = async (): Promise<number> => {
    const body = { ...tiktokApp, access_token: first }
    return (await envelopeOf(await postJson(`${emulator.endpoints.tiktok.api}/oauth2/revoke_token/`, body)))
      .code
  }
  expect(await revoke()).toBe(0)
  expect(await revoke()).toBe(40105)
  const codeFor = async (token: string): Promise<number> =>
    (await envelopeOf(await get(emulator, '/oauth2/advertiser/get/', tiktokApp, token))).code
  expect(await codeFor(first)).toBe(40105)
  expect(await codeFor(second)).toBe(0)
  expect(await codeFor('')).toBe(40104)
  emulator.control.expireAccessTokens('tiktok')
  expect(await codeFor(second)).toBe(40102)
})

test('throttles with HTTP 200 and a code', async () => {
  const emulator = await runEmulator()
  emulator.control.fail('tiktok', 'accounts', emulatorFaults.tiktokCode(40100))
  expect((await envelopeOf(await get(emulator, '/oauth2/advertiser/get/', tiktokApp, 'any'))).code).toBe(
    40100,
  )
})
