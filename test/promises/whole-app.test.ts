import { afterEach, describe, expect, test } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { consent } from '../../src/emulator/index.ts'
import { startHostProcess } from '../support/host-process.ts'
import type { HostAnswer, HostProcess } from '../support/host-process.ts'
import { codeOf, giveConsent, KEY, refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

const running: HostProcess[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((host) => host.close()))
})

async function fourProcesses(config: IntegrationsConfigInput): Promise<readonly HostProcess[]> {
  const hosts = await Promise.all(Array.from({ length: 4 }, () => startHostProcess(config)))
  running.push(...hosts)
  return hosts
}

const PATIENT = { timeout: 15_000 }

const tenantOf = (place: number): string => `tenant-${place}`

async function connectMany({ process }: RefreshFixture, count: number): Promise<void> {
  const connections = process().get(IDS.Connections)
  const connectOne = async (place: number): Promise<void> => {
    const key = { ...KEY, tenantId: parseTenantId(tenantOf(place)) }
    const { authUrl } = await connections.start({ key, returnUrl: '/settings' })
    const callback = await consent(authUrl, { person: 'sol' })
    await connections.complete('standard', { callback: callback.searchParams })
  }
  for (let place = 0; place < count; place += 10) {
    const some = Array.from({ length: Math.min(10, count - place) }, (_, index) => connectOne(place + index))
    await Promise.all(some)
  }
}

function askOf(host: HostProcess | undefined, place: number): Promise<HostAnswer> | undefined {
  return host?.ask({ tenantId: tenantOf(place), provider: 'standard', do: 'token' })
}

/** When requests for tokens arrived, oldest first. */
function arrivals({ emulator }: RefreshFixture): readonly number[] {
  return emulator.control.requests('standard', 'refresh').map(({ arrivedAt }) => arrivedAt)
}

/** The most that arrived within any window of that length. */
function maxWithin(windowMs: number, times: readonly number[]): number {
  return Math.max(...times.map((from, at) => times.filter((to, i) => i >= at && to < from + windowMs).length))
}

/** What a platform may say, and for how long it is then to be left alone at least. */
const SAID: readonly (() => { readonly header: string; readonly until: (answeredAt: number) => number })[] = [
  () => ({ header: '3', until: (answeredAt) => answeredAt + 3 * SECOND_MS }),
  () => {
    const header = new Date(Date.now() + 4 * SECOND_MS).toUTCString()
    return { header, until: () => Date.parse(header) - performance.timeOrigin }
  },
  ...['-5', '1e9', 'abc'].map((header) => () => ({
    header,
    until: (answeredAt: number) => answeredAt + SECOND_MS,
  })),
]

describe('What a platform says to one process', () => {
  test('all processes obey, callers and jobs: seconds, a date, and what is neither', async () => {
    const fixture = await refreshFixture('none')
    const { emulator, elapse, pool } = fixture
    await connectMany(fixture, 12)
    const [told, other, third, worker] = await fourProcesses(fixture.config)
    for (const say of SAID) {
      await elapse(2 * HOUR_MS)
      emulator.control.clearRequests()
      const { header, until } = say()
      emulator.control.fail('standard', 'refresh', {
        ...{ status: 429, body: {}, headers: { 'retry-after': header } },
      })
      expect(await askOf(told, 0)).toEqual({ code: 'rate_limited' })
      const [refused] = emulator.control.requests('standard', 'refresh')
      const statedUntil = until(refused?.answeredAt ?? Infinity)
      const job = worker?.ask({ tenantId: tenantOf(0), provider: 'standard', do: 'due' })
      const answers: unknown[] = []
      while (performance.now() < statedUntil - 100) {
        answers.push(...(await Promise.all([askOf(told, 1), askOf(other, 2), askOf(third, 3)])))
        await pause(50)
      }
      expect(answers.length).toBeGreaterThan(3)
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set(['{"code":"rate_limited"}']),
      )
      await job
      const [, next = 0] = arrivals(fixture)
      expect(next).toBeGreaterThanOrEqual(statedUntil)
      await expect.poll(() => askOf(other, 2), PATIENT).toEqual({ tokens: [expect.any(String)] })
    }
    const { rows } = await pool.query('SELECT DISTINCT status::text FROM integration_connections')
    expect(rows).toEqual([{ status: 'active' }])
  }, 120_000)

  test('is cut to an hour, for all, when it is beyond reason', async () => {
    const fixture = await refreshFixture('none')
    await connectMany(fixture, 2)
    const [told, other, third] = await fourProcesses(fixture.config)
    await fixture.elapse(HOUR_MS)
    const headers = { 'retry-after': '1000000000' }
    fixture.emulator.control.fail('standard', 'refresh', { status: 429, body: {}, headers })
    await askOf(told, 0)
    expect(await askOf(other, 1)).toEqual({ code: 'rate_limited' })
    const { rows } = await fixture.pool.query<{ ms: number }>(
      "SELECT date_part('epoch', paused_until - clock_timestamp()) * 1000 AS ms FROM provider_apps",
    )
    expect(rows[0]?.ms).toBeLessThanOrEqual(HOUR_MS)
    expect(rows[0]?.ms).toBeGreaterThan(HOUR_MS - MINUTE_MS)
    await fixture.elapse(HOUR_MS)
    expect(await askOf(third, 1)).toEqual({ tokens: [expect.any(String)] })
  }, 60_000)
})

describe('A person who connects', () => {
  test('is told to come back while the app is suspended, and a throttled exchange is said to all', async () => {
    const { elapse, emulator, process } = await refreshFixture('none')
    const exchanges = (): number => emulator.control.requests('standard', 'exchange').length
    const before = exchanges()
    const headers = { 'retry-after': '30' }
    emulator.control.fail('standard', 'exchange', { status: 429, body: {}, headers })
    expect(await codeOf(giveConsent(process()))).toBe('rate_limited')
    expect(await codeOf(giveConsent(process()))).toBe('rate_limited')
    expect(exchanges()).toBe(before + 1)
    await elapse(30 * SECOND_MS)
    expect(await codeOf(giveConsent(process()))).toBe('ok')
  })

  test('waits for no turn of a budget', async () => {
    const { config, pool, process } = await refreshFixture('none')
    const oauth2 = config.providers?.oauth2?.map((one) => ({ ...one, requestsPerSecond: 0.2 }))
    await pool.query(
      `INSERT INTO provider_apps (provider, client_id, next_request_at)
       SELECT provider, client_id, now() + interval '1 hour' FROM integration_connections`,
    )
    const container = process({}, { ...config, providers: { oauth2 } })
    expect(await codeOf(container.get(IDS.AccessTokens).refresh(KEY))).toBe('rate_limited')
    expect(await codeOf(giveConsent(container))).toBe('ok')
  })
})

describe('The budget of an app', () => {
  test('is kept by four processes together, who refresh everything and count no attempt for waiting', async () => {
    const fixture = await refreshFixture('none')
    const { emulator, elapse, pool } = fixture
    const count = 150
    await connectMany(fixture, count)
    const oauth2 = fixture.config.providers?.oauth2?.map((one) => ({ ...one, requestsPerSecond: 10 }))
    const hosts = await fourProcesses({ ...fixture.config, providers: { oauth2 } })
    await elapse(HOUR_MS)
    // A machine that keeps processes from running lets several late requests arrive together: 13 in a second were seen. Each
    // process by itself would send ten.
    const maxPerSecond = 16
    emulator.control.setBudget('standard', maxPerSecond)
    const [caller, ...workers] = hosts
    let isDone = false
    const jobs = workers.map((host) => host.ask({ tenantId: tenantOf(0), provider: 'standard', do: 'due' }))
    const finished = Promise.all(jobs).finally(() => {
      isDone = true
    })
    const codes = new Set<string>()
    let maxAttempts = 0
    for (let place = 0; !isDone; place = (place + 7) % count) {
      const answer = await askOf(caller, place)
      codes.add(answer !== undefined && 'code' in answer ? answer.code : 'ok')
      const { rows } = await pool.query<{ most: number }>(
        'SELECT max(attempt_no) AS most FROM integration_connections',
      )
      maxAttempts = Math.max(maxAttempts, rows[0]?.most ?? 0)
      await pause(100)
    }
    await finished
    const seen = arrivals(fixture)
    expect(maxWithin(SECOND_MS, seen)).toBeLessThanOrEqual(maxPerSecond)
    expect(maxWithin(10 * SECOND_MS, seen)).toBeLessThanOrEqual(110)
    expect(seen).toHaveLength(count + 1)
    expect(maxAttempts).toBe(1)
    expect([...codes].filter((code) => code !== 'rate_limited' && code !== 'ok')).toEqual([])
    const { rows } = await pool.query(
      `SELECT status::text, token_version, last_error_code, count(*)::int
       FROM integration_connections GROUP BY 1, 2, 3`,
    )
    expect(rows).toEqual([{ status: 'active', token_version: 2, last_error_code: null, count: count + 1 }])
  }, 120_000)
})
