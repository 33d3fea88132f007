import { expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { expectAllUsable } from './asking.ts'
import { faultWorld } from './fault-world.ts'
import { ownServer } from './own-server.ts'

const ROUNDS = 5

/** Commits are answered before they are on disk, and stay off it for as long as a server will have it. */
const FORGETFUL = { synchronous_commit: 'off', wal_writer_delay: '10s' }

test('what was given out outlives a power cut of a server that forgets what it has acknowledged', async () => {
  const server = await ownServer(FORGETFUL)
  const world = await faultWorld({ rotations: { single_use: 'single_use' }, databaseUrl: server.url })
  const granted = await world.seed(20)
  await world.pool.query('CREATE TABLE acknowledged (round integer)')
  await world.pool.query('CHECKPOINT')
  const tokens = world.container().get(IDS.AccessTokens)
  for (let round = 1; round <= ROUNDS; round += 1) {
    await world.expire()
    await Promise.all(granted.map(({ key }) => tokens.get(key)))
    // What nobody made durable shows that the server forgets.
    await world.pool.query('INSERT INTO acknowledged VALUES ($1)', [round])
    await server.kill()
    await server.start()
    const { rows } = await world.pool.query(
      'SELECT token_version AS version, count(*)::integer AS count FROM integration_connections GROUP BY 1',
    )
    expect(rows).toEqual([{ version: round + 1, count: granted.length }])
  }
  const { rows: kept } = await world.pool.query('SELECT round FROM acknowledged')
  console.log(`${ROUNDS - kept.length} of ${ROUNDS} rows that were acknowledged by default are gone`)
  expect(kept.length).toBeLessThan(ROUNDS)
  const [host] = await world.hosts(1)
  if (host !== undefined) await expectAllUsable(world, host, granted)
})
