import { afterEach, describe, expect, test } from 'vitest'
import { RefreshRunner } from '../../src/application/refresh-runner.ts'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { HOUR_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { SequenceRandomSource } from '../../src/testing/index.ts'
import { KEY, RefreshWorld } from '../domain/services/refresh-world.ts'

let runner: RefreshRunner | undefined
afterEach(() => runner?.stop())

/** Starts a runner over a store that fails until `mend` is called; `claims` holds when it was asked, in seconds. */
function started(everyMs: number): { world: RefreshWorld; claims: number[]; mend: () => void } {
  const world = new RefreshWorld()
  const claimDue = world.stores.due.claimDue.bind(world.stores.due)
  const claims: number[] = []
  let isDown = true
  world.stores.due.claimDue = async (request) => {
    claims.push(world.clock.monotonicMs() / SECOND_MS)
    if (isDown) throw new StoreUnavailableError('Postgres')
    return claimDue(request)
  }
  runner = new RefreshRunner({
    ...{ job: world.host().job, clock: world.clock, random: new SequenceRandomSource(1), everyMs },
    logger: { log: () => undefined },
  })
  runner.start()
  return { world, claims, mend: () => (isDown = false) }
}

/** The waits before each claim. */
function waits(claims: readonly number[]): readonly number[] {
  return claims.map((at, place) => at - (claims[place - 1] ?? 0))
}

describe('The runner', () => {
  test('tries again half a minute after a run that failed, until one does not', async () => {
    const { world, claims, mend } = started(HOUR_MS)
    while (claims.length < 4) await world.advance(SECOND_MS)
    mend()
    await world.connect()
    await world.advance(HOUR_MS)
    const [first, ...again] = waits(claims.slice(0, 4))
    expect(first).toBeGreaterThanOrEqual(0.8 * 3_600)
    for (const wait of again) {
      expect(wait).toBeGreaterThanOrEqual(0.8 * 30)
      expect(wait).toBeLessThanOrEqual(1.2 * 30)
    }
    const [mended = Number.NaN] = claims.slice(4)
    await world.advance(2 * HOUR_MS)
    const next = claims.find((at) => at > mended + 60)
    expect((next ?? Number.NaN) - mended).toBeGreaterThanOrEqual(0.8 * 3_600)
    expect((await world.reading(KEY)).tokenVersion).toBeGreaterThan(1)
  })

  test('tries again no later after a failure than it would have run anyway', async () => {
    const { world, claims } = started(5 * SECOND_MS)
    while (claims.length < 4) await world.advance(SECOND_MS / 10)
    for (const wait of waits(claims)) expect(wait).toBeLessThanOrEqual(1.2 * 5)
  })
})
