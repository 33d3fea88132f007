import { Client } from 'pg'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  createPool,
  PostgresDueConnections,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import type { DueRequest } from '../../../src/ports/due-connections.ts'
import type { RefreshLease } from '../../../src/ports/refresh-leases.ts'
import {
  claimRequest,
  KEY,
  NOBODY,
  range,
  refreshedTokens,
  sealed,
} from '../../../src/testing/contracts/connection-fixtures.ts'
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

test('a suspended app has its backlog left unread, also where it shares a table with those that are asked for', async () => {
  for (const provider of ['google_ads', 'paused']) {
    await seed({ provider, count: BACKLOG, dueAt: "now() - interval '1 hour'" })
    const suspension = { reason: 'misconfigured', forMs: 3_600_000 } as const
    await new PostgresProviderApps({ pool }).suspend({ provider, clientId: 'client-1' }, suspension)
  }
  for (const provider of ['tiktok', 'asked']) await seed({ provider, count: 20 })
  const { leases, read } = await claimDue(['google_ads', 'paused', 'tiktok', 'asked'])
  expect(leases.map(({ provider }) => provider).sort()).toEqual([
    ...Array<string>(20).fill('asked'),
    ...Array<string>(20).fill('tiktok'),
  ])
  expect(read).toBeLessThan(BACKLOG)
})

test('a platform that is not asked for is left unread', async () => {
  for (const provider of ['google_ads', 'other']) {
    await seed({ provider, count: BACKLOG, dueAt: "now() - interval '1 hour'" })
  }
  for (const provider of ['tiktok', 'asked']) await seed({ provider, count: 20 })
  const { leases, read } = await claimDue(['tiktok', 'asked'])
  expect(leases).toHaveLength(40)
  expect(read).toBeLessThan(BACKLOG)
})

test('tenants that have had their part are passed over unread on the way to those who wait behind them', async () => {
  for (const tenant of ['m-large', 'x-large']) {
    const tenantId = `'${tenant}'`
    await seed({ provider: 'meta', count: BACKLOG, tenantId, dueAt: "now() - interval '1 hour'" })
  }
  await seed({ provider: 'meta', count: 100, tenantId: "substr('anz', 1 + n % 3, 1) || n" })
  const { leases, read } = await claimDue(['meta'])
  const large = leases.filter(({ tenantId }) => tenantId.endsWith('large'))
  expect([leases.length, large.length]).toEqual([40, 8])
  expect(read).toBeLessThan(BACKLOG)
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

test.each(['meta', 'pinterest'])(
  'what a large tenant has beside the connections that are read is left unread (%s)',
  async (provider) => {
    await seed({ provider, count: BACKLOG, tenantId: "'large'" })
    await seed({ provider, count: 2 * BACKLOG })
    await pool.query('ANALYZE integration_connections')
    const { result: readings, read } = await reading(10, async (own) => {
      const tokens = new PostgresTokenStore({ pool: own })
      return Promise.all(
        range(20).map((n) =>
          tokens.read({ tenantId: parseTenantId('large'), provider, label: String(n + 1) }),
        ),
      )
    })
    expect(readings.map((one) => one?.connectionId)).toEqual(range(20).map((n) => String(n + 1)))
    expect(read).toBeLessThan(BACKLOG)
  },
)

test.each([
  ['meta', 'integrations_read_many_meta_ad_connections'],
  ['pinterest', 'integrations_read_many_other_connections'],
])(
  'no plan of a group of reads is made for the values of one call, which takes longer than to read them (%s)',
  async (provider, read) => {
    await seed({ provider, count: 10 * BACKLOG })
    await pool.query(
      `UPDATE integration_connections SET label = 'default', access_token = repeat('sealed', 60)`,
    )
    await pool.query('ANALYZE integration_connections')
    const client = new Client({ connectionString: database.url })
    await client.connect()
    let plan = ''
    client.on('notice', ({ message = '' }) => {
      if (message.includes('json_build_array')) plan = message.slice(message.indexOf('(cost='))
    })
    await client.query(`LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on; SET client_min_messages = log`)
    // Postgres makes five plans for the values of a call before it may settle on one for all.
    for (const n of range(7)) {
      const tenants = range(4).map((place) => `tenant-${4 * n + place + 1}`)
      const values = [tenants, Array(4).fill(provider), Array(4).fill('default')]
      await client.query(`SELECT public.${read}($1, $2, $3)`, values)
    }
    await client.end()
    expect(plan).toContain('Index Cond')
    expect(plan).not.toMatch(/'\{?(tenant|meta|pinterest|default)/)
  },
)

test('a plan that is kept since the table was empty reads no more than is claimed and stored', async () => {
  const request = dueRequest(['meta'])
  const { result: outcomes, read } = await reading(40, async (own) => {
    const due = new PostgresDueConnections({ pool: own })
    const store = new PostgresRefreshLeases({ pool: own })
    const gone = { ...KEY, connectionId: NOBODY, grantId: NOBODY, tokenVersion: 1, epoch: 1 }
    const noLease = { ...gone, attempt: 1, isUncertain: false, isSuspect: false, clientId: 'client-1' }
    await store.store(
      { ...noLease, tokens: { accessToken: sealed('gone') }, candidates: [], remainingMs: null },
      refreshedTokens(),
    )
    expect((await due.claimDue(request)).leases).toEqual([])
    await seed({ provider: 'meta', count: BACKLOG })
    const { leases } = await due.claimDue(request)
    return Promise.all(leases.map((lease) => store.store(lease, refreshedTokens())))
  })
  expect(outcomes).toEqual(Array(40).fill('stored'))
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

/** One claim of forty, and how many rows were read for it. */
async function claimDue(
  providers: readonly string[],
): Promise<{ readonly leases: readonly RefreshLease[]; readonly read: number }> {
  const request = dueRequest(providers)
  const { result, read } = await reading(20, (own) =>
    new PostgresDueConnections({ pool: own }).claimDue(request),
  )
  return { leases: result.leases, read }
}

function dueRequest(providers: readonly string[]): DueRequest {
  const claims = Object.fromEntries(
    providers.map((provider) => [provider, claimRequest({ app: { provider, clientId: 'client-1' } })]),
  )
  return { limit: 40, maxPerTenant: 4, providers, claims }
}

/** What comes of `work`, which reads as many rows twice at least, and how many rows were read for it. */
async function reading<T>(
  rows: number,
  work: (own: Pool) => Promise<T>,
): Promise<{ readonly result: T; readonly read: number }> {
  const before = await rowsRead()
  const own = createPool({ connectionString: database.url, maxConnections: 1 })
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
