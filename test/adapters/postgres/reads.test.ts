import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool, PostgresReadLane, PostgresTokenStore } from '../../../src/adapters/postgres/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../../src/domain/model/identifiers.ts'
import {
  KEY,
  newGrant,
  OTHER_TENANT,
  range,
  TENANT,
} from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'

const PROVIDERS = ['meta', 'google_ads', 'tiktok', 'klaviyo', 'pinterest']

let database: TestDatabase
let pool: Pool
/** The access token of each connection, by tenant and provider. */
const tokens = new Map<string, string>()
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
  const store = new PostgresTokenStore({ pool })
  for (const tenantId of [TENANT, OTHER_TENANT]) {
    for (const provider of PROVIDERS) {
      const grant = newGrant({ tenantId, provider })
      await store.save(grant, undefined, false)
      tokens.set(`${tenantId}/${provider}`, grant.tokens.accessToken)
    }
  }
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

function keyOf(n: number): ConnectionKey {
  const provider = PROVIDERS[Math.floor(n / 2) % PROVIDERS.length] ?? 'meta'
  return { ...KEY, provider, tenantId: n % 2 === 0 ? TENANT : OTHER_TENANT }
}

async function wrongAnswers(store: PostgresTokenStore, count: number): Promise<number> {
  const answers = await Promise.all(
    range(count).map(async (n) => {
      const key = keyOf(n)
      const reading = await store.read(key)
      return reading?.accessToken === tokens.get(`${key.tenantId}/${key.provider}`)
    }),
  )
  return answers.filter((isRight) => !isRight).length
}

describe('over a pool', () => {
  test('ten thousand interleaved reads of two tenants give each its own', async () => {
    const store = new PostgresTokenStore({ pool })
    for (const _ of range(10)) expect(await wrongAnswers(store, 1_000)).toBe(0)
  })

  test('a tenant that a session was left with shows nothing to the next read, and is left there', async () => {
    const stale = createPool({ connectionString: database.url, maxConnections: 1 })
    try {
      await stale.query("SELECT set_config('app.tenant_id', 'tenant-b', false)")
      const store = new PostgresTokenStore({ pool: stale })
      expect((await store.read(KEY))?.accessToken).toBe(tokens.get('tenant-a/meta'))
      expect(await store.read({ ...KEY, tenantId: parseTenantId('tenant-c') })).toBeUndefined()
      expect((await store.list(TENANT)).map(({ tenantId }) => tenantId)).toEqual(PROVIDERS.map(() => TENANT))
      const { rows } = await stale.query<{ tenant: string }>(
        "SELECT current_setting('app.tenant_id') AS tenant",
      )
      expect(rows).toEqual([{ tenant: 'tenant-b' }])
    } finally {
      await stale.end()
    }
  })

  test('a provider that none of the partitions is for is a value, never a name', async () => {
    const store = new PostgresTokenStore({ pool })
    const hostile = `meta_ad_connections('tenant-b', 'meta', 'default'); --`
    expect(await store.read({ ...KEY, provider: hostile })).toBeUndefined()
    expect(await store.read({ ...KEY, provider: '__proto__' })).toBeUndefined()
  })
})

describe('over the lane', () => {
  test('ten thousand interleaved reads of two tenants give each its own, on one connection', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      for (const _ of range(10)) expect(await wrongAnswers(store, 1_000)).toBe(0)
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
         WHERE application_name = 'integrations read lane' AND datname = current_database()`,
      )
      expect(rows).toEqual([{ count: 1 }])
    } finally {
      await lane.close()
    }
  })

  test('reads whose connection is cut are answered all the same, time and again', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url, connections: 2 })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      for (const _ of range(10)) {
        const reading = wrongAnswers(store, 300)
        await pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'integrations read lane' AND datname = current_database()`,
        )
        expect(await reading).toBe(0)
      }
    } finally {
      await lane.close()
    }
  })

  test('a statement that the database refuses fails for its callers and for nobody else', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      const refused = { name: 'refused', text: 'SELECT * FROM public.no_such_function($1)' }
      const attempts = range(50).map((n) =>
        n % 5 === 0
          ? lane.read(refused, ['secret-looking']).then(
              () => 'answered',
              (error: unknown) => String(error),
            )
          : store.read(keyOf(n)).then((reading) => reading?.accessToken ?? 'nothing'),
      )
      const answers = await Promise.all(attempts)
      expect(answers[0]).toContain('integrations migrate')
      for (const [n, answer] of answers.entries()) {
        const { tenantId, provider } = keyOf(n)
        if (n % 5 !== 0) expect(answer).toBe(tokens.get(`${tenantId}/${provider}`))
        else expect(answer).toMatch(/^StoreUnavailableError/)
      }
    } finally {
      await lane.close()
    }
  })

  test('a database that cannot be reached is unavailable within seconds, and is found when it is back', async () => {
    const other = await freshDatabase()
    const lane = new PostgresReadLane({ connectionString: other.url })
    const store = new PostgresTokenStore({ pool, lane })
    try {
      expect(await store.read(KEY)).toBeUndefined()
      await pool.query(`ALTER DATABASE ${other.name} WITH ALLOW_CONNECTIONS false`)
      await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        other.name,
      ])
      await expect(store.read(KEY)).rejects.toMatchObject({ code: 'store_unavailable' })
      await pool.query(`ALTER DATABASE ${other.name} WITH ALLOW_CONNECTIONS true`)
      expect(await store.read(KEY)).toBeUndefined()
    } finally {
      await lane.close()
      await other.drop()
    }
  })

  test('a closed lane refuses, after what was under way was answered', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    const store = new PostgresTokenStore({ pool, lane })
    const underWay = wrongAnswers(store, 100)
    await lane.close()
    expect(await underWay).toBe(0)
    await expect(store.read(KEY)).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
