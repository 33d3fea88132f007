import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool, PostgresTokenStore, withTenant } from '../../../src/adapters/postgres/index.ts'
import { OTHER_TENANT, range, TENANT } from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url, maxConnections: 2 })
  await pool.query('CREATE TABLE notes (tenant_id text, text text)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

async function notes(): Promise<readonly string[]> {
  return (await pool.query<{ text: string }>('SELECT text FROM notes ORDER BY text')).rows.map(
    ({ text }) => text,
  )
}

async function settings(): Promise<readonly unknown[]> {
  const setting = "SELECT coalesce(current_setting('app.tenant_id', true), '') AS tenant"
  return (await Promise.all(range(4).map(() => pool.query<Record<string, unknown>>(setting)))).flatMap(
    ({ rows }) => rows,
  )
}

test('the queries of one call are one transaction of one tenant, and nothing of it stays behind', async () => {
  const seen = await withTenant(pool, TENANT, async (client) => {
    await client.query("INSERT INTO notes VALUES (current_setting('app.tenant_id'), $1)", ['kept'])
    return (await client.query('SELECT tenant_id FROM notes')).rows
  })
  expect(seen).toEqual([{ tenant_id: TENANT }])
  expect(await notes()).toEqual(['kept'])
  expect(await settings()).toEqual(range(4).map(() => ({ tenant: '' })))
})

test('what the work throws undoes everything and is thrown on as it is', async () => {
  const own = new Error('of the host')
  const work = withTenant(pool, TENANT, async (client) => {
    await client.query("INSERT INTO notes VALUES ('t', 'undone')")
    throw own
  })
  await expect(work).rejects.toBe(own)
  expect(await notes()).toEqual(['kept'])
})

test('a transaction whose failure was swallowed is not taken for committed', async () => {
  const work = withTenant(pool, TENANT, async (client) => {
    await client.query("INSERT INTO notes VALUES ('t', 'lost')")
    await client.query('SELECT 1 / 0').catch(() => undefined)
  })
  await expect(work).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await notes()).toEqual(['kept'])
})

test('many at once on few connections each see their own tenant', async () => {
  const tenants = range(60).map((n) => (n % 2 === 0 ? TENANT : OTHER_TENANT))
  const seen = await Promise.all(
    tenants.map((tenantId) =>
      withTenant(pool, tenantId, async (client) => {
        await client.query('SELECT 1')
        return (await client.query("SELECT current_setting('app.tenant_id') AS tenant")).rows[0]?.['tenant']
      }),
    ),
  )
  expect(seen).toEqual(tenants)
})

test('a connection that is cut under the work harms neither the process nor the pool', async () => {
  for (const _ of range(5)) {
    const work = withTenant(pool, TENANT, async (client) => {
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())')
    })
    await expect(work).rejects.toThrow()
  }
  const tokens = new PostgresTokenStore({ pool })
  const cut = range(20).map((n) =>
    n % 5 === 0
      ? pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        )
      : tokens.list(TENANT),
  )
  for (const outcome of await Promise.allSettled(cut)) {
    if (outcome.status === 'rejected') expect(String(outcome.reason)).not.toContain(TENANT)
  }
  expect(await tokens.list(TENANT)).toEqual([])
})

test('our own statements do not wait for a free connection without end', async () => {
  const busy = await Promise.all([pool.connect(), pool.connect()])
  const startedAt = performance.now()
  try {
    const tokens = new PostgresTokenStore({ pool })
    await expect(tokens.list(TENANT)).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(tokens.read({ tenantId: TENANT, provider: 'meta', label: 'default' })).rejects.toMatchObject(
      {
        code: 'store_unavailable',
      },
    )
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  } finally {
    for (const client of busy) client.release()
  }
})
