import fc from 'fast-check'
import { setTimeout as pause } from 'node:timers/promises'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  createPool,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresSealedValues,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import { FixedClock } from '../../../src/testing/index.ts'
import { moveTimes } from '../../contracts/postgres-stores.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'
import { refreshLives } from './refresh-commands.ts'
import type { Environment } from './refresh-world.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** Emptied stores; time passes for the processes on a clock of their own, and in the rows by moving every time in them. */
async function open(): Promise<Environment> {
  await pool.query('TRUNCATE integration_connections, pending_revocations, provider_apps')
  const clock = new FixedClock()
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await clock.advance(0)
      if (pool.idleCount < pool.totalCount || pool.waitingCount > 0) quiet = -1
      await pause(1)
    }
  }
  const advance = async (ms: number): Promise<void> => {
    await settled()
    await moveTimes(pool, ms)
    await clock.advance(ms)
  }
  const stores = {
    tokens: new PostgresTokenStore({ pool }),
    leases: new PostgresRefreshLeases({ pool }),
    due: new PostgresDueConnections({ pool }),
    revocations: new PostgresPendingRevocations({ pool }),
    apps: new PostgresProviderApps({ pool }),
    sealedValues: new PostgresSealedValues({ pool }),
    elapse: advance,
  }
  return { clock, stores, advance, settled }
}

describe('Whatever happens to a connection in Postgres', () => {
  test.each(['none', 'grace', 'single_use', 'revoking'] as const)(
    'every invariant of the refresh protocol holds, after each step and at rest (%s)',
    async (mode) => {
      await fc.assert(refreshLives(mode, open), { numRuns: 8, endOnFailure: true })
    },
    120_000,
  )
})
