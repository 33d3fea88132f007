import { expect, test } from 'vitest'
import { EmulatorPortInUseError, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator, Fault } from '../../src/emulator/index.ts'
import {
  adwords,
  metaToken,
  postJson,
  runEmulator,
  standardRefresh,
  standardTokens,
  tokensOf,
  withQuery,
} from './running-emulator.ts'
import type { TokenBody } from './running-emulator.ts'

async function refreshUnder(
  fault: Fault,
): Promise<{ emulator: Emulator; answer: Promise<Response>; token: string }> {
  const emulator = await runEmulator({ rotation: { standard: 'single_use' } })
  const { refresh_token: token } = await standardTokens(emulator)
  emulator.control.fail('standard', 'refresh', fault)
  return { emulator, answer: standardRefresh(emulator, token), token }
}

async function control(emulator: Emulator, name: string, given: unknown): Promise<unknown> {
  return (await postJson(`${emulator.url}/_control/${name}`, given)).json()
}

test('a fault befalls as many requests as it was scripted for', async () => {
  const { emulator, answer, token } = await refreshUnder({
    status: 503,
    body: 'down',
    headers: { 'retry-after': '30' },
  })
  const failed = await answer
  expect([failed.status, failed.headers.get('retry-after'), await failed.text()]).toEqual([503, '30', 'down'])
  expect((await standardRefresh(emulator, token)).status).toBe(200)
})

test('a reset before handling leaves the refresh token unspent', async () => {
  const { emulator, answer, token } = await refreshUnder({ reset: 'before' })
  await expect(answer).rejects.toThrow()
  expect(emulator.control.accepts('standard', token)).toBe(true)
})

test('a reset after handling loses the successor, and the truth says so', async () => {
  const { emulator, answer, token } = await refreshUnder({ reset: 'after' })
  await expect(answer).rejects.toThrow()
  expect(emulator.control.accepts('standard', token)).toBe(false)
  const [lineage] = emulator.control.lineages('standard')
  expect(lineage?.issues.map(({ outcome }) => outcome)).toEqual(['sent', 'cut'])
  expect(lineage?.liveRefreshTokens).toEqual([lineage?.issues[1]?.refresh])
})

test('an answer can be replaced although the platform did what was asked', async () => {
  const { emulator, answer, token } = await refreshUnder({ status: 500, handled: true })
  expect((await answer).status).toBe(500)
  expect(emulator.control.accepts('standard', token)).toBe(false)
})

test('members of the right answer can be changed and taken away', async () => {
  const { answer } = await refreshUnder({ merge: { expires_in: '3600' }, omit: ['scope'] })
  const body = await tokensOf(await answer)
  expect(body['expires_in']).toBe('3600')
  expect(body).not.toHaveProperty('scope')
})

test('a hanging request never ends, and closing the emulator cuts it', async () => {
  const { emulator, answer } = await refreshUnder({ hang: true })
  const first = await Promise.race([
    answer,
    new Promise((resolve) => setTimeout(resolve, 100, 'still waiting')),
  ])
  expect(first).toBe('still waiting')
  const cut = expect(answer).rejects.toThrow()
  await emulator.close()
  await cut
})

test('a body can be cut short or drip', async () => {
  const short = await refreshUnder({ cutAfterBytes: 10 })
  await expect(short.answer.then((response) => response.text())).rejects.toThrow()
  const slow = await refreshUnder({ drip: 1 })
  expect(await tokensOf(await slow.answer)).toHaveProperty('access_token')
})

test('a flood stops when the client has had enough', async () => {
  const { emulator, answer } = await refreshUnder({ flood: 100_000_000 })
  const reader = (await answer).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  expect(emulator.control.requests('standard', 'refresh')[0]?.sentBytes).toBeLessThan(20_000_000)
})

test('raw bytes go out as they are', async () => {
  const { answer } = await refreshUnder({ raw: 'this is not HTTP\r\n\r\n' })
  await expect(answer).rejects.toThrow()
})

test('the log keeps what was asked, in the order of a monotonic clock', async () => {
  const emulator = await runEmulator()
  const { refresh_token: token } = await standardTokens(emulator)
  await standardRefresh(emulator, token)
  const calls = emulator.control.requests('standard', 'token')
  expect(calls.map(({ routes, method, status }) => [...routes, method, status])).toEqual([
    ['token', 'exchange', 'POST', 200],
    ['token', 'refresh', 'POST', 200],
  ])
  expect(calls[1]?.body).toContain(encodeURIComponent(token))
  expect(calls[1]?.arrivedAt).toBeGreaterThan(calls[0]?.arrivedAt ?? Number.POSITIVE_INFINITY)
})

test('the same surface is there for other processes', async () => {
  const emulator = await runEmulator()
  await control(emulator, 'setRotation', { platform: 'standard', mode: 'revoking' })
  await control(emulator, 'fail', { platform: 'standard', route: 'refresh', fault: { status: 502 } })
  const { refresh_token: token } = await standardTokens(emulator)
  expect((await standardRefresh(emulator, token)).status).toBe(502)
  expect(await control(emulator, 'accepts', { platform: 'standard', token })).toEqual({ result: true })
  expect(await control(emulator, 'expireAccessTokens', { platform: 'standard', person: 'ada' })).toEqual({
    result: 1,
  })
  const read = await fetch(`${emulator.url}/_control/lineages?platform=standard`)
  expect(await read.json()).toMatchObject({
    result: [{ person: 'ada', tokenCalls: 1, liveRefreshTokens: [token] }],
  })
})

test.each([
  ['an unknown platform', 'setRotation', { platform: 'myspace', mode: 'none' }, 400],
  ['a mode that does not exist', 'setRotation', { platform: 'standard', mode: 'sometimes' }, 400],
  ['a misspelt fault', 'fail', { platform: 'meta', route: '*', fault: { stauts: 500 } }, 400],
  ['a misspelt lifetime', 'setLifetimes', { platform: 'meta', seconds: { acces: 1 } }, 400],
  ['an unknown control', 'constructor', {}, 404],
])('the HTTP surface refuses %s', async (_, name, given, status) => {
  const emulator = await runEmulator()
  expect((await postJson(`${emulator.url}/_control/${name}`, given)).status).toBe(status)
})

test('a port that is taken is named in the error', async () => {
  const emulator = await runEmulator()
  const port = Number(new URL(emulator.url).port)
  const error: unknown = await startEmulator({ port }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(EmulatorPortInUseError)
  expect(error).toMatchObject({ code: 'port_in_use', port })
})

test('platforms that were not asked for do not answer', async () => {
  const emulator = await runEmulator({ platforms: ['standard'] })
  expect((await fetch(emulator.endpoints.meta.authorization)).status).toBe(404)
})

test('guests sign in without end, each with an account of their own', async () => {
  const emulator = await runEmulator()
  const first = await metaToken(emulator, { person: 'guest-1' })
  const second = await metaToken(emulator, { person: 'guest-2000' })
  const accounts = async ({ access_token: token }: TokenBody): Promise<string> => {
    const url = withQuery(`${emulator.endpoints.meta.graph}/me/adaccounts`, { access_token: token })
    return (await fetch(url)).text()
  }
  const [one, other] = await Promise.all([accounts(first), accounts(second)])
  expect([one, other].map((text) => text.split('"act_').length)).toEqual([2, 2])
  expect(one).not.toBe(other)
})

test('tokens granted without a consent work like any other', async () => {
  const emulator = await runEmulator()
  const { access } = emulator.control.grant('meta', 'guest-1', ['ads_read'])
  const url = withQuery(`${emulator.endpoints.meta.graph}/me/adaccounts`, { access_token: access })
  expect((await fetch(url)).status).toBe(200)
  const { refresh } = emulator.control.grant('standard', 'guest-1', ['read'])
  expect((await standardRefresh(emulator, refresh ?? '')).status).toBe(200)
})

test('a mistake in a script shows as the emulator’s, not as the platform’s', async () => {
  const emulator = await runEmulator()
  emulator.control.fail('standard', 'dialog', { merge: { a: 1 } })
  const answer = await fetch(emulator.endpoints.standard.authorization)
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('the emulator failed')])
})

test('a snapshot carries grants and tokens, living and dead, into another process', async () => {
  const first = await runEmulator()
  const live = first.control.grant('google_ads', 'ada', [adwords])
  const dead = first.control.grant('google_ads', 'sol', [adwords])
  first.control.revokeAtPlatform('google_ads', 'sol')
  first.control.advance(1_000)
  const kept: unknown = JSON.parse(JSON.stringify(first.control.snapshot()))
  const second = await runEmulator({ snapshot: kept })
  const isAccepted = (token = ''): boolean => second.control.accepts('google_ads', token)

  expect([isAccepted(live.access), isAccepted(live.refresh), isAccepted(dead.access)]).toEqual([
    true,
    true,
    false,
  ])
  expect(second.control.snapshot()).toEqual(first.control.snapshot())
  await expect(runEmulator({ snapshot: { grants: 'x' } })).rejects.toMatchObject({ code: 'snapshot_invalid' })
})
