import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { expectAllUsable } from './asking.ts'
import { faultWorld } from './fault-world.ts'
import type { FaultWorld, Granted } from './fault-world.ts'
import { ownServer } from './own-server.ts'

const PATIENT = { timeout: 60_000 }

/** Any tenant: the job asks for all. */
const DUE = { tenantId: 'tenant-0', provider: 'single_use', do: 'due' } as const

const refreshedOnce = (granted: readonly Granted[]): number =>
  granted.filter((each) => each.truth().tokenCalls === 1).length

test('Postgres is stopped in the middle of refreshes, for half a minute: all of them are stored, once', async () => {
  const server = await ownServer()
  const rotations = {
    none: 'none',
    grace: 'grace:120000',
    single_use: 'single_use',
    revoking: 'revoking',
  } as const
  const world = await faultWorld({ rotations, databaseUrl: server.url })
  const hosts = await world.hosts(2)
  const granted = await world.seed(20)
  await world.expire()
  for (const { control } of world.emulators)
    control.fail('standard', 'refresh', { delayAfterMs: 3_000, times: null })

  // Each process has claimed twenty. Nothing is asked for the others before the server is back.
  const runs = hosts.map((host) => host.ask(DUE))
  await expect.poll(() => refreshedOnce(granted), PATIENT).toBeGreaterThanOrEqual(30)
  await server.stop()
  const under = refreshedOnce(granted)
  for (const { control } of world.emulators) control.clearFaults()
  await delay(30_000)
  expect(refreshedOnce(granted)).toBe(under)
  await server.start()
  await Promise.all(runs)

  const [host] = hosts
  if (host === undefined) throw new Error('No process')
  await world.elapse(13 * MINUTE_MS)
  await host.ask(DUE)
  expect(await storedVersions(world)).toEqual([{ version: 2, count: granted.length }])
  expect(refreshedOnce(granted)).toBe(granted.length)
  await expectAllUsable(world, host, granted)
})

test('connections to Postgres are ended five times a second during hundreds of refreshes: none is lost', async () => {
  const world = await faultWorld({ rotations: { single_use: 'single_use' } })
  const hosts = await world.hosts(3)
  const granted = await world.seed(250)
  for (const { control } of world.emulators) control.setLatency(500, 'standard')
  let ended = 0
  let isCalm = false
  const ending = setInterval(() => {
    if (isCalm) return
    const others = 'datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE $1'
    void world.pool
      .query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`, ['integrations%'])
      .then(({ rowCount }) => (ended += rowCount ?? 0))
  }, 200)
  try {
    for (let round = 1; round <= 3; round += 1) {
      await world.expire()
      const issued = new Map(granted.map((each) => [each, each.truth().issues.length]))
      // One whose result was stored late may be asked for twice. A round is over when all were asked for and nobody holds a lease.
      const waiting = (): readonly Granted[] =>
        granted.filter((each) => each.truth().issues.length === issued.get(each))
      const isDone = async (): Promise<boolean> => waiting().length === 0 && (await heldLeases(world)) === 0
      // A run ends early when the connection is ended on which it claims.
      for (let turn = 0; turn < 150 && !(await isDone()); turn += 1) {
        // On a slow machine no claim might ever come through.
        isCalm = turn >= 40
        if (turn === 40) expect(waiting().length).toBeLessThan(granted.length)
        await Promise.all(hosts.map((host) => host.ask(DUE)))
        // Claims whose acknowledgement was lost with a connection end with their lease.
        if (turn % 5 === 4) await world.elapse(13 * MINUTE_MS)
      }
      expect(await Promise.all(waiting().map(world.status))).toEqual([])
      expect(await heldLeases(world)).toBe(0)
    }
  } finally {
    clearInterval(ending)
  }
  console.log(`${ended} connections were ended during ${3 * granted.length} refreshes`)
  expect(ended).toBeGreaterThan(50)
  const [host] = hosts
  if (host === undefined) throw new Error('No process')
  await expectAllUsable(world, host, granted)
  expect(granted.flatMap((each) => each.truth().reuses)).toEqual([])
}, 400_000)

async function heldLeases({ pool }: FaultWorld): Promise<number | undefined> {
  const { rows } = await pool.query<{ held: number }>(
    'SELECT count(*)::integer AS held FROM integration_connections WHERE lease_until > clock_timestamp()',
  )
  return rows[0]?.held
}

async function storedVersions({ pool }: FaultWorld): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT token_version AS version, count(*)::integer AS count FROM integration_connections
      GROUP BY 1 ORDER BY 1 DESC`,
  )
  return rows
}
