import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { refreshTimings } from '../../src/domain/model/rotation.ts'
import { expectAllUsable } from './asking.ts'
import { faultWorld } from './fault-world.ts'
import { seededRandom } from './random.ts'

const PROCESSES = 5
const CONNECTIONS = 100
const ROUNDS = 2

const { hardTimeoutMs } = refreshTimings({ kind: 'single_use' })

test('a process that is told to end in the middle of refreshes ends after it has stored what it asked for', async () => {
  const random = seededRandom('told to end')
  const world = await faultWorld({ rotations: { single_use: 'single_use' } })
  const granted = await world.seed(CONNECTIONS)
  for (let round = 1; round <= ROUNDS; round += 1) {
    const hosts = await world.hosts(PROCESSES)
    await world.expire()
    for (const { control } of world.emulators) {
      for (const _each of granted)
        control.fail('standard', 'refresh', {
          delayMs: random.below(1_000),
          delayAfterMs: random.below(2_000),
        })
    }
    const asked = hosts.map((host, index) =>
      // Some serve callers, and some run the job, which is to claim nothing more.
      index < 2
        ? Promise.all(
            granted.slice(index * 20, index * 20 + 20).map(({ key }) => host.ask({ ...key, do: 'token' })),
          )
        : host.ask({ tenantId: 'tenant-0', provider: 'single_use', do: 'due' }),
    )
    await Promise.all(hosts.map((host) => endDuring(host, random.below(2_500))))
    await Promise.all(asked)
    for (const { control } of world.emulators) control.clearFaults()
    for (const each of granted) {
      const { issues, inFlight, reuses } = each.truth()
      expect({ inFlight, reuses, unsent: issues.filter(({ outcome }) => outcome === 'cut') }).toEqual({
        ...{ inFlight: 0, reuses: [], unsent: [] },
      })
    }
    const [next] = await world.hosts(1)
    if (next !== undefined) await expectAllUsable(world, next, granted)
  }

  async function endDuring(
    host: Awaited<ReturnType<typeof world.hosts>>[number],
    afterMs: number,
  ): Promise<void> {
    await delay(afterMs)
    const toldAt = performance.now()
    await host.signal('SIGTERM')
    expect(await host.exited()).toBe(0)
    expect(performance.now() - toldAt).toBeLessThan(hardTimeoutMs)
  }
})
