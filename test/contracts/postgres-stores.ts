import { afterAll, beforeAll } from 'vitest'
import type { CreatedPool as Pool } from '../../src/adapters/postgres/index.ts'
import {
  createPool,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresReadLane,
  PostgresRefreshLeases,
  PostgresTokenStore,
} from '../../src/adapters/postgres/index.ts'
import type { ConnectionStores } from '../../src/testing/contracts/connection-stores.ts'
import { freshDatabase, withoutPath } from '../support/database.ts'

const TIMES = {
  integration_connections: [
    'token_expires_at',
    'refresh_expires_at',
    'data_access_expires_at',
    'lease_until',
    'attempt_started_at',
    'next_attempt_at',
    'hour_started_at',
    'uncertain_since',
    'suspect_until',
    'due_at',
    'last_error_at',
    'last_sync_at',
    'connected_at',
    'updated_at',
  ],
  pending_revocations: ['added_at', 'due_at'],
  provider_apps: ['paused_until', 'next_request_at'],
}

export const EMPTYING =
  'TRUNCATE public.integration_connections, public.pending_revocations, public.provider_apps'

/** Stores over one database for the test file, emptied for each test; its clock is moved by moving every time. */
export function postgresStores(options: { readonly lane: boolean }): () => Promise<ConnectionStores> {
  const opened: (() => Promise<unknown>)[] = []
  let pool: Pool
  let lane: PostgresReadLane | undefined
  beforeAll(async () => {
    const database = await freshDatabase()
    const connectionString = withoutPath(database.url)
    pool = createPool({ connectionString })
    lane = options.lane ? new PostgresReadLane({ connectionString }) : undefined
    opened.push(
      async () => lane?.close(),
      () => pool.end(),
      () => database.drop(),
    )
  })
  afterAll(async () => {
    for (const close of opened) await close()
  })
  return async () => {
    await pool.query(EMPTYING)
    return {
      tokens: new PostgresTokenStore({ pool, lane }),
      leases: new PostgresRefreshLeases({ pool }),
      due: new PostgresDueConnections({ pool }),
      revocations: new PostgresPendingRevocations({ pool }),
      apps: new PostgresProviderApps({ pool }),
      elapse: (ms) => moveTimes(pool, ms),
      close: async () => undefined,
    }
  }
}

export async function moveTimes(pool: Pool, ms: number): Promise<void> {
  for (const [table, columns] of Object.entries(TIMES)) {
    const moved = columns.map((column) => `${column} = ${column} - $1::float8 * interval '1 millisecond'`)
    await pool.query(`UPDATE public.${table} SET ${moved.join(', ')}`, [ms])
  }
}
