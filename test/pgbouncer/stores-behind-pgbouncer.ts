import { afterAll, beforeAll } from 'vitest'
import { startPgBouncer } from '../../dev/services/pgbouncer.ts'
import {
  createPool,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresTokenStore,
} from '../../src/adapters/postgres/index.ts'
import type { CreatedPool } from '../../src/adapters/postgres/index.ts'
import type { ConnectionStores } from '../../src/testing/contracts/connection-stores.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { freshDatabase } from '../support/database.ts'

/** A pool of many client connections that share four server connections. */
export interface Pooled {
  readonly pool: CreatedPool
  readonly url: string
  stores(): Promise<ConnectionStores>
}

export function behindPgBouncer(): Pooled {
  const opened: (() => Promise<unknown>)[] = []
  let pool: CreatedPool
  let url: string
  beforeAll(async () => {
    const database = await freshDatabase()
    opened.unshift(() => database.drop())
    const bouncer = await startPgBouncer({ databaseUrl: database.url })
    opened.unshift(() => bouncer.stop())
    url = bouncer.url
    pool = createPool({ connectionString: url, maxConnections: 20 })
    opened.unshift(() => pool.end())
  })
  afterAll(async () => {
    for (const close of opened) await close()
  })
  return {
    get pool() {
      return pool
    },
    get url() {
      return url
    },
    stores: async () => {
      await pool.query('TRUNCATE integration_connections, pending_revocations, provider_apps')
      return {
        tokens: new PostgresTokenStore({ pool }),
        leases: new PostgresRefreshLeases({ pool }),
        due: new PostgresDueConnections({ pool }),
        revocations: new PostgresPendingRevocations({ pool }),
        apps: new PostgresProviderApps({ pool }),
        elapse: (ms) => moveTimes(pool, ms),
        close: async () => undefined,
      }
    },
  }
}
