import { describe, expect, test } from 'vitest'
import { RefreshRunner } from '../../src/application/refresh-runner.ts'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { FixedClock } from '../../src/testing/index.ts'
import { RecordedLog } from '../adapters/aes-gcm/recorded-log.ts'

interface Watched {
  readonly clock: FixedClock
  readonly logger: RecordedLog
  /** When each run began, from the start on. */
  readonly runs: readonly number[]
}

function watched(everyMs: number, failure?: Error, failures = Infinity): Watched {
  const clock = new FixedClock()
  const logger = new RecordedLog()
  const runs: number[] = []
  const random = { bytes: (length: number): Uint8Array => new Uint8Array(length), fraction: () => 0.78 }
  const nothing = { total: 0, refreshed: 0, skipped: 0, failed: 0, errors: [] }
  const run = (): Promise<typeof nothing> => {
    runs.push(clock.monotonicMs())
    return failure === undefined || runs.length > failures
      ? Promise.resolve(nothing)
      : Promise.reject(failure)
  }
  new RefreshRunner({ job: { run }, clock, random, logger, everyMs }).start()
  return { clock, logger, runs }
}

describe('RefreshRunner', () => {
  test('has its first run within half a minute, then one every few minutes', async () => {
    const { clock, runs } = watched(5 * MINUTE_MS)
    await clock.advance(30 * SECOND_MS)
    expect(runs).toHaveLength(1)
    await clock.advance(4 * MINUTE_MS - 30 * SECOND_MS)
    expect(runs).toHaveLength(1)
    await clock.advance(2 * MINUTE_MS + 30 * SECOND_MS)
    expect(runs).toHaveLength(2)
  })

  test('has its first run within the interval where that is shorter', async () => {
    const { clock, runs } = watched(2 * SECOND_MS)
    await clock.advance(2 * SECOND_MS)
    expect(runs).toHaveLength(1)
  })

  test.each([
    [new StoreUnavailableError('Postgres'), 'store_unavailable'],
    [new TypeError('x is undefined'), 'unexpected'],
  ])('goes on after a run that fails with %s, and tells operators what it was', async (failure, code) => {
    const { clock, logger, runs } = watched(MINUTE_MS, failure)
    await clock.advance(3 * MINUTE_MS)
    expect(runs.length).toBeGreaterThan(1)
    expect(logger.lines[0]).toBe(`warn: The refresh run was ended early {"code":"${code}"}`)
  })

  test('tries again half a minute after a run that failed, until one does not', async () => {
    const { clock, runs } = watched(HOUR_MS, new StoreUnavailableError('Postgres'), 3)
    await clock.advance(4 * MINUTE_MS)
    const waits = runs.map((at, place) => at - (runs[place - 1] ?? at)).slice(1)
    expect(waits).toHaveLength(3)
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(24 * SECOND_MS)
      expect(wait).toBeLessThanOrEqual(36 * SECOND_MS)
    }
    await clock.advance(HOUR_MS / 2)
    expect(runs).toHaveLength(4)
  })

  test('tries again no later after a failure than it would have run anyway', async () => {
    const { clock, runs } = watched(5 * SECOND_MS, new StoreUnavailableError('Postgres'))
    await clock.advance(MINUTE_MS)
    expect(runs.length).toBeGreaterThanOrEqual(9)
  })
})
