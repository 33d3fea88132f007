import { expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { expectAllUsable } from './asking.ts'
import { faultWorld } from './fault-world.ts'

const CONNECTIONS = 300
/** How many connections a worker refreshes at once. */
const SLOTS = 20
const PATIENT = { timeout: 30_000, interval: 20 }

test('a worker that is killed in the middle of its job loses nothing, and the other asks little twice', async () => {
  const world = await faultWorld({ rotations: { none: 'none' } })
  const granted = await world.seed(CONNECTIONS)
  const asked = (): readonly number[] => granted.map((each) => each.truth().tokenCalls)
  const [killed, other] = await world.hosts(2)
  if (killed === undefined || other === undefined) throw new Error('Two workers were asked for')
  await world.expire()
  for (const { control } of world.emulators)
    control.fail('standard', 'refresh', { delayMs: 200, times: null })
  const due = { tenantId: 'tenant-0', provider: 'none', do: 'due' } as const
  const runs = [killed.ask(due), other.ask(due)]
  await expect
    .poll(() => asked().filter((calls) => calls > 0).length, PATIENT)
    .toBeGreaterThan(CONNECTIONS / 3)
  await killed.signal('SIGKILL')
  await Promise.all(runs)
  for (const { control } of world.emulators) control.clearFaults()
  const left = asked().filter((calls) => calls === 0).length
  await world.elapse(15 * MINUTE_MS)
  expect(await other.ask(due)).toEqual({ tokens: [] })
  const calls = asked()
  console.log(`left by the killed worker: ${left}; asked twice: ${calls.filter((each) => each > 1).length}`)
  expect(calls.filter((each) => each === 0)).toEqual([])
  expect(calls.filter((each) => each > 1).length).toBeGreaterThan(0)
  expect(calls.filter((each) => each > 1).length).toBeLessThanOrEqual(1.2 * SLOTS)
  expect(Math.max(...calls)).toBe(2)
  await expectAllUsable(world, other, granted)
})
