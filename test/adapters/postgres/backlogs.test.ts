import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPool, PostgresRefreshLeases } from '../../../src/adapters/postgres/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { claimRequest, range, refreshedTokens } from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'

const BACKLOG = 2_000

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
})
beforeEach(async () => {
  await pool.query('TRUNCATE integration_connections, provider_apps')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

test('what a large tenant has beside the connections that are stored is left unread', async () => {
  await seed({ provider: 'meta', count: BACKLOG, tenantId: "'large'" })
  const leases = new PostgresRefreshLeases({ pool })
  const { result: outcomes, read } = await reading(20, async (own) => {
    const store = new PostgresRefreshLeases({ pool: own })
    return Promise.all(
      range(20).map(async (n) => {
        const key = { tenantId: parseTenantId('large'), provider: 'meta', label: String(n + 1) }
        const lease = await leases.claim(key, 1, claimRequest())
        return lease === undefined || 'reason' in lease ? lease : store.store(lease, refreshedTokens())
      }),
    )
  })
  expect(new Set(outcomes)).toEqual(new Set(['stored']))
  expect(read).toBeLessThan(BACKLOG)
})

interface Seed {
  readonly provider: string
  readonly count: number
  /** Of the n-th row, as SQL. */
  readonly tenantId?: string
  readonly dueAt?: string
}

/** As many rows as a claim could only have read with an index that leads past them; nothing is analyzed. */
async function seed({ provider, count, tenantId = "'tenant-' || n", dueAt = 'now()' }: Seed): Promise<void> {
  await pool.query(`
    INSERT INTO integration_connections (tenant_id, provider, label, id, grant_id, client_id, status, status_when_healed,
      token_version, row_version, access_token, due_at, connected_at, updated_at)
    SELECT ${tenantId}, '${provider}', n, n, n, 'client-1', 'active', 'active', 1, 1, 'sealed', ${dueAt}, now(), now()
    FROM generate_series(1, ${count}) AS n`)
}

/** What comes of `work`, which reads as many rows twice at least, and how many rows were read for it. */
async function reading<T>(
  rows: number,
  work: (own: Pool) => Promise<T>,
): Promise<{ readonly result: T; readonly read: number }> {
  const before = await rowsRead()
  const own = createPool({ connectionString: database.url })
  const result = await work(own)
  // Backends report what they read when they end, and now and then before.
  await own.end()
  await expect.poll(async () => (await rowsRead()) - before).toBeGreaterThanOrEqual(2 * rows)
  return { result, read: (await rowsRead()) - before }
}

async function rowsRead(): Promise<number> {
  const { rows } = await pool.query<{ read: number }>(
    `SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::int AS read
     FROM pg_stat_user_tables WHERE relname LIKE '%\\_connections'`,
  )
  return rows[0]?.read ?? 0
}
