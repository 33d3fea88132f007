import { afterAll, describe, expect, test } from 'vitest'
import type { HostProcess } from '../support/host-process.ts'
import { faultWorld } from './fault-world.ts'
import type { FaultWorld, Granted, Route } from './fault-world.ts'
import { allStandAt, failpointOf, holdAt, isUnavoidable, KILL_POINTS } from './kill-points.ts'
import { OutcomeTable } from './outcome-table.ts'
import { recover } from './recovery.ts'

const PROCESSES = 5
const CONNECTIONS_EACH = 2
const REPEATED = PROCESSES * CONNECTIONS_EACH

const ROTATIONS = {
  none: 'none',
  grace: 'grace:60000',
  single_use: 'single_use',
  single_use_revoking: 'revoking',
} as const

const PATIENT = { timeout: 30_000 }

const routes: readonly Route[] = ['directly', 'through PgBouncer']

describe.each(routes)(
  'Connections of every rotation, refreshed by processes that reach Postgres %s',
  (route) => {
    const table = new OutcomeTable(Object.keys(ROTATIONS))

    afterAll(() => {
      console.log(`\n${table.text(`usable of ${REPEATED}, c = token requests, Postgres reached ${route}`)}\n`)
    })

    /** What became of ten connections of each rotation after `happen`, and how often their platform was asked. */
    async function outcomesOf(
      column: string,
      world: FaultWorld,
      happen: (granted: readonly Granted[]) => Promise<void>,
    ): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
      const granted = await world.seed(REPEATED)
      await world.expire()
      await happen(granted)
      for (const { control } of world.emulators) control.clearFaults()
      return table.add(column, await recover(world, granted))
    }

    test('live on when nothing happens', async () => {
      const world = await faultWorld({ rotations: ROTATIONS, route })
      const hosts = await world.hosts(PROCESSES)
      const outcomes = await outcomesOf('no fault', world, async (granted) => {
        await Promise.all(askAll(hosts, granted))
      })
      for (const rotation of Object.keys(ROTATIONS)) expect(outcomes[rotation]).toEqual({ usable: REPEATED })
    })

    test.each(KILL_POINTS)('are lost only where their platform had rotated, killed at %s', async (point) => {
      const world = await faultWorld({ rotations: ROTATIONS, route })
      const hosts = await world.hosts(PROCESSES, { failpoint: failpointOf(point) })
      const outcomes = await outcomesOf(point, world, async (granted) => {
        holdAt(point, world)
        void Promise.all(askAll(hosts, granted))
        await allStandAt(point, world, hosts, granted)
        await Promise.all(hosts.map((host) => host.signal('SIGKILL')))
      })
      for (const rotation of Object.keys(ROTATIONS)) {
        const expected = isUnavoidable(point, rotation) ? 'rotation_lost' : 'usable'
        expect(outcomes[rotation], rotation).toEqual({ [expected]: REPEATED })
      }
    })

    test('live on when the database is away as the answer comes', async () => {
      const world = await faultWorld({ rotations: ROTATIONS, route })
      const hosts = await world.hosts(PROCESSES)
      const outcomes = await outcomesOf('database away', world, async (granted) => {
        for (const { control } of world.emulators)
          control.fail('standard', 'refresh', { delayAfterMs: 1_500, times: null })
        const answers = askAll(hosts, granted)
        const all = (outcome: string): Promise<void> =>
          expect
            .poll(() => granted.every((each) => each.truth().issues[1]?.outcome === outcome), PATIENT)
            .toBe(true)
        await all('pending')
        world.proxy.setDown(true)
        await all('sent')
        world.proxy.setDown(false)
        for (const answer of await Promise.all(answers)) expect(answer).toHaveProperty('tokens')
      })
      for (const rotation of Object.keys(ROTATIONS)) expect(outcomes[rotation]).toEqual({ usable: REPEATED })
    })
  },
)

/** Each process gets the same number of connections of each rotation. */
function askAll(
  hosts: readonly HostProcess[],
  granted: readonly Granted[],
): ReturnType<HostProcess['ask']>[] {
  const each = granted.length / hosts.length
  return granted.flatMap(({ key }, index) => {
    const host = hosts[Math.floor(index / each)]
    return host === undefined ? [] : [host.ask({ ...key, do: 'token' })]
  })
}
