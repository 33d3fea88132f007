import { describe, expect, test } from 'vitest'
import { PacedApps } from '../../src/application/paced-apps.ts'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { momentOf } from '../../src/ports/clock.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import type { ProviderApps } from '../../src/ports/provider-apps.ts'
import { FixedClock, MemoryDatabase, MemoryProviderApps } from '../../src/testing/index.ts'

const META = { provider: 'meta', clientId: 'client-1' }
const KLAVIYO = { provider: 'klaviyo', clientId: '' }
const WAIT = { reason: 'rate_limited', forMs: 30_000 } as const

interface Process {
  readonly pacing: PacedApps
  readonly logs: string[]
  readonly events: ConnectionEvent[]
  /** What went to the store, by method. */
  readonly asked: string[]
  /** Lets this process alone be late by so much, as after a pause. */
  stall(ms: number): void
}

/** Processes over one store, which `isDown` takes away. */
function processes(count: number): { clock: FixedClock; all: Process[]; setDown: (isDown: boolean) => void } {
  const clock = new FixedClock()
  const shared = new MemoryProviderApps(new MemoryDatabase({ clock }))
  let isDown = false
  const all = Array.from({ length: count }, (): Process => {
    const asked: string[] = []
    const logs: string[] = []
    const events: ConnectionEvent[] = []
    const through = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
      asked.push(name)
      if (isDown) throw new StoreUnavailableError('Postgres')
      return call()
    }
    const apps: ProviderApps = {
      suspend: (...said) => through('suspend', () => shared.suspend(...said)),
      suspensionOf: (app) => through('suspensionOf', () => shared.suspensionOf(app)),
      takeTurn: (...turn) => through('takeTurn', () => shared.takeTurn(...turn)),
    }
    const logger = { log: (level: string, message: string): unknown => logs.push(`${level}: ${message}`) }
    let lateMs = 0
    const own: Clock = {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs() + lateMs,
      delay: (ms) => clock.delay(ms),
      backgroundDelay: (ms) => clock.backgroundDelay(ms),
    }
    const pacing = new PacedApps({
      ...{ apps, logger, clock: own },
      events: { emit: (event) => events.push(event) },
    })
    const stall = (ms: number): void => {
      lateMs += ms
    }
    return { pacing, logs, events, asked, stall }
  })
  return { clock, all, setDown: (value) => (isDown = value) }
}

describe('A suspended app', () => {
  test('waits in the process that was told, alerts once, and other apps go on', async () => {
    const { all, clock } = processes(1)
    const [{ events, logs, pacing } = missing()] = all
    for (let turn = 0; turn < 10; turn += 1) {
      await pacing.suspend(META, { reason: 'misconfigured', forMs: 30_000 })
    }
    expect(pacing.knownPause(META)).toEqual({ reason: 'misconfigured', forMs: 30_000 })
    expect(pacing.knownPause(KLAVIYO)).toBeUndefined()
    await clock.advance(29_999)
    expect(pacing.knownPause(META)).toEqual({ reason: 'misconfigured', forMs: 1 })
    await clock.advance(1)
    expect(pacing.knownPause(META)).toBeUndefined()
    expect(logs).toEqual([expect.stringMatching(/^error: /)])
    expect(events).toMatchObject([
      { type: 'provider.app_suspended', provider: 'meta', reason: 'misconfigured' },
    ])
  })

  test('waits until the later of two ends', async () => {
    const { all } = processes(1)
    const [{ pacing } = missing()] = all
    await pacing.suspend(META, { reason: 'rate_limited', forMs: 60_000 })
    await pacing.suspend(META, { reason: 'rate_limited', forMs: 1_000 })
    expect(pacing.knownPause(META)).toEqual({ reason: 'rate_limited', forMs: 60_000 })
  })

  test('waits in every other process a quarter of a second later at most, quietly there', async () => {
    const { all, clock } = processes(2)
    const [told = missing(), other = missing()] = all
    expect(await other.pacing.pauseOf(META)).toBeUndefined()
    await told.pacing.suspend(META, WAIT)
    const claimedAt = momentOf(clock)
    await clock.advance(250)
    expect(await other.pacing.turn(META, claimedAt, 0)).toBeUndefined()
    await clock.advance(1)
    expect(await other.pacing.turn(META, claimedAt, 0)).toMatchObject({ reason: 'rate_limited' })
    expect(other.pacing.knownPause(META)).toEqual({ reason: 'rate_limited', forMs: 29_749 })
    expect([other.logs, other.events]).toEqual([[], []])
  })

  test('is asked about once for all that want to know at the same time, and not again once it is known', async () => {
    const { all } = processes(2)
    const [told = missing(), other = missing()] = all
    await told.pacing.suspend(META, WAIT)
    await Promise.all(Array.from({ length: 20 }, () => other.pacing.pauseOf(META)))
    await other.pacing.pauseOf(META)
    expect(other.asked).toEqual(['suspensionOf'])
  })

  test('waits in the process that was told though the store is down, which is said', async () => {
    const { all, setDown } = processes(1)
    const [{ logs, pacing } = missing()] = all
    setDown(true)
    await pacing.suspend(META, WAIT)
    expect(pacing.knownPause(META)).toEqual(WAIT)
    expect(logs).toHaveLength(2)
    setDown(false)
  })
})

describe('A turn', () => {
  test('of an app without a budget asks the store nothing while the claim is young', async () => {
    const { all, clock } = processes(1)
    const [{ asked, pacing } = missing()] = all
    expect(await pacing.turn(META, momentOf(clock), 5_000)).toBeUndefined()
    expect(asked).toEqual([])
  })

  test('of an app with a budget comes after those of other processes', async () => {
    const { all, clock } = processes(2)
    const app = { ...META, requestsPerSecond: 10 }
    const sent: number[] = []
    const turns = all.flatMap(({ pacing }) =>
      [1, 2, 3].map(async () => {
        await pacing.turn(app, momentOf(clock), 5_000)
        sent.push(clock.monotonicMs())
      }),
    )
    const startedAt = clock.monotonicMs()
    for (let step = 0; step < 60; step += 1) await clock.advance(10)
    await Promise.all(turns)
    expect(sent.map((at) => at - startedAt)).toEqual([0, 100, 200, 300, 400, 500])
  })

  test('that is too far off is refused, and the next request asks again', async () => {
    const { all, clock } = processes(1)
    const [{ pacing } = missing()] = all
    const app = { ...META, requestsPerSecond: 1 }
    await pacing.turn(app, momentOf(clock), 0)
    expect(await pacing.turn(app, momentOf(clock), 0)).toEqual({ reason: 'budget', forMs: 1_000 })
    expect(pacing.knownPause(app)).toBeUndefined()
  })

  test('that a process was late for is not used: it takes another', async () => {
    const { all, clock } = processes(1)
    const [{ pacing, stall } = missing()] = all
    const app = { ...META, requestsPerSecond: 1 }
    await pacing.turn(app, momentOf(clock), 5_000)
    const sent: number[] = []
    const turn = pacing.turn(app, momentOf(clock), 5_000).then(() => sent.push(clock.monotonicMs()))
    await clock.advance(500)
    stall(51)
    await clock.advance(2_000)
    await turn
    expect(sent).toEqual([2_000])
  })

  test('that was waited for finds out that the app was suspended meanwhile', async () => {
    const { all, clock } = processes(2)
    const [waiting = missing(), told = missing()] = all
    const app = { ...META, requestsPerSecond: 1 }
    await waiting.pacing.turn(app, momentOf(clock), 0)
    const turn = waiting.pacing.turn(app, momentOf(clock), 5_000)
    await clock.advance(500)
    await told.pacing.suspend(app, { reason: 'rate_limited', forMs: MINUTE_MS })
    await clock.advance(500)
    await clock.advance(0)
    expect(await turn).toMatchObject({ reason: 'rate_limited' })
  })
})

function missing(): never {
  throw new Error('there is no such process')
}
