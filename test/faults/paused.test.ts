import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import type { RotationMode } from '../../src/emulator/rotation.ts'
import { askEach, askUntilGiven, expectAllUsable } from './asking.ts'
import { faultWorld } from './fault-world.ts'
import type { FaultWorld, Granted } from './fault-world.ts'
import { seededRandom } from './random.ts'
import type { SeededRandom } from './random.ts'

const CONNECTIONS = 20
const ROUNDS = 4

/** The lease of a platform with a grace of five seconds, and that of the others where time passes so much faster. */
const LEASE_MS = 2_250
const SPEED = (12 * MINUTE_MS) / LEASE_MS
/** Longer than a request may take, whatever the rotation. */
const LONGER_THAN_A_REQUEST_MS = 80_000

const PATIENT = { timeout: 30_000 }

describe('A process that is stopped for twice its lease, at any step of its refreshes', () => {
  const cases: readonly (readonly [string, RotationMode, number])[] = [
    ['single_use', 'single_use', SPEED],
    ['grace', 'grace:5000', 1],
  ]

  test.each(cases)('loses nothing and alarms nobody: %s', async (name, mode, speed) => {
    const random = seededRandom(`stopped, ${name}`)
    const world = await faultWorld({ rotations: { [name]: mode } })
    for (const { control } of world.emulators) control.setLifetimes('standard', { access: 86_400 })
    const [holder, ...others] = await world.hosts(3, { speed })
    const granted = await world.seed(CONNECTIONS)
    for (let round = 0; round < ROUNDS && holder !== undefined; round += 1) {
      await world.expire()
      answerAtDifferentTimes(world, random)
      const asked = askEach(holder, granted)
      await delay(random.below(900))
      await holder.signal('SIGSTOP')
      await askMeanwhile(others, granted, 2 * LEASE_MS)
      await holder.signal('SIGCONT')
      await asked
      for (const host of [holder, ...others]) await askUntilGiven(host, granted)
      await expectAllUsable(world, holder, granted)
    }
  })
})

test('an answer that came to a stopped process is stored when it wakes, longer than any request may take', async () => {
  const world = await faultWorld({ rotations: { single_use: 'single_use', single_use_revoking: 'revoking' } })
  const [holder, other] = await world.hosts(2)
  if (holder === undefined || other === undefined) throw new Error('No processes')
  const granted = await world.seed(CONNECTIONS)
  const isReplaySafe = ({ key }: Granted): boolean => key.provider === 'single_use'
  await world.expire()
  for (const { control } of world.emulators)
    control.fail('standard', 'refresh', { delayAfterMs: 2_000, times: CONNECTIONS })
  const asked = askEach(holder, granted)
  await expect.poll(() => granted.every((each) => each.truth().tokenCalls === 1), PATIENT).toBe(true)
  await holder.signal('SIGSTOP')
  await delay(LONGER_THAN_A_REQUEST_MS)
  await world.pool.query(
    `UPDATE integration_connections SET lease_until = clock_timestamp(), next_attempt_at = NULL
      WHERE provider = 'single_use'`,
  )
  // Where reuse kills the grant nobody may ask before the quarantine is over.
  await askEach(other, granted.filter(isReplaySafe))
  await holder.signal('SIGCONT')
  await asked
  await askUntilGiven(other, granted)
  expect(granted.filter((each) => !isReplaySafe(each)).map((each) => each.truth().tokenCalls)).toEqual(
    Array.from({ length: CONNECTIONS }, () => 1),
  )
  await expectAllUsable(world, other, granted)
})

/** Each request of the round is under way for a time of its own, before the platform acts and after. */
function answerAtDifferentTimes({ emulators }: FaultWorld, random: SeededRandom): void {
  for (const { control } of emulators) {
    control.clearFaults()
    for (let request = 0; request < CONNECTIONS; request += 1) {
      const fault = { delayMs: random.below(400), delayAfterMs: random.below(400) }
      control.fail('standard', 'refresh', fault)
    }
  }
}

async function askMeanwhile(
  hosts: Awaited<ReturnType<FaultWorld['hosts']>>,
  granted: readonly Granted[],
  forMs: number,
): Promise<void> {
  const until = performance.now() + forMs
  while (performance.now() < until) {
    await Promise.race([
      Promise.all(hosts.map((host) => askEach(host, granted))),
      delay(until - performance.now()),
    ])
    await delay(Math.min(200, Math.max(0, until - performance.now())))
  }
}
