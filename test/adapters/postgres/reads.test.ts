import { setTimeout as delay } from 'node:timers/promises'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createPool,
  migrate,
  PostgresReadLane,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
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
import { createLogin } from './logins.ts'
import { postgresProxy } from '../../support/postgres-proxy.ts'
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
      await store.save(grant)
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
      expect(new Set((await store.list(TENANT)).map(({ tenantId }) => tenantId))).toEqual(new Set([TENANT]))
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

  test('reads that are asked together are one statement, each answered at its place', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      const keys = [...range(20).map(keyOf), { ...KEY, label: 'missing' }, keyOf(0), keyOf(0)]
      const answers = await Promise.all(keys.map((key) => store.read(key)))
      expect(answers.map((reading) => reading?.accessToken)).toEqual(
        keys.map(({ tenantId, provider, label }) =>
          label === 'missing' ? undefined : tokens.get(`${tenantId}/${provider}`),
        ),
      )
    } finally {
      await lane.close()
    }
  })

  test('a key that Postgres cannot take finds nothing, and harms none that is asked with it', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      const hostile = ['\0', 'pinterest\0', '{a,b}', '"', "'); --", '\ud800']
      const answers = await Promise.all([
        ...hostile.map((provider) => store.read({ ...KEY, provider })),
        store.read({ ...KEY, provider: 'pinterest' }),
      ])
      expect(answers.map((reading) => reading?.accessToken)).toEqual([
        ...hostile.map(() => undefined),
        tokens.get('tenant-a/pinterest'),
      ])
      for (const label of ['{a,b}', '"', '\\', 'NULL', ',', "'"]) {
        const grant = newGrant({ label, provider: 'pinterest' })
        await store.save(grant)
        const both = await Promise.all([store.read(grant), store.read(KEY)])
        expect(both[0]?.accessToken).toBe(grant.tokens.accessToken)
        await store.disconnect(grant, { queueForRevocation: false })
      }
    } finally {
      await lane.close()
    }
  })

  test('tenants that are named like the syntax of a list are values of one', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    try {
      const store = new PostgresTokenStore({ pool, lane })
      const names = [
        '{tenant-a,tenant-b}',
        'tenant-a,tenant-b',
        'NULL',
        '"tenant-a"',
        '\\',
        '{}',
        "'",
        'a b ',
      ]
      const grants = names.map((name) => newGrant({ tenantId: parseTenantId(name) }))
      for (const grant of grants) await store.save(grant)
      const together = await Promise.all(grants.map((grant) => store.read(grant)))
      expect(together.map((reading) => reading?.accessToken)).toEqual(
        grants.map(({ tokens: { accessToken } }) => accessToken),
      )
      for (const grant of grants) {
        expect((await store.read(grant))?.accessToken).toBe(grant.tokens.accessToken)
        await store.disconnect(grant, { queueForRevocation: false })
      }
    } finally {
      await lane.close()
    }
  })

  test('a schema that is missing is told to everybody who asked, until it is there', async () => {
    const empty = await freshDatabase('empty')
    const lane = new PostgresReadLane({ connectionString: empty.url })
    try {
      const outcomes = await Promise.allSettled(range(20).map((n) => lane.read(keyOf(n))))
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'migration_conflict' } })
      }
      await expect(lane.read(KEY)).rejects.toThrow('integrations migrate')
      await migrate({ connectionString: empty.url })
      expect(await Promise.all(range(20).map((n) => lane.read(keyOf(n))))).toEqual(Array(20).fill(undefined))
      expect(await lane.read(KEY)).toBeUndefined()
    } finally {
      await lane.close()
      await empty.drop()
    }
  })

  test('a function that was missing is found on the same connection once it is there', async () => {
    const lane = new PostgresReadLane({ connectionString: database.url })
    const functionName = 'public.integrations_read_meta_ad_connections(text, text, text)'
    const sessions = async (): Promise<unknown> => {
      const ofLane = `datname = current_database() AND application_name LIKE '%read lane'`
      return (await pool.query(`SELECT pid FROM pg_stat_activity WHERE ${ofLane}`)).rows
    }
    try {
      await pool.query(`ALTER FUNCTION ${functionName} RENAME TO integrations_hidden`)
      await expect(lane.read(KEY)).rejects.toMatchObject({ code: 'migration_conflict' })
      const before = await sessions()
      await pool.query(
        'ALTER FUNCTION public.integrations_hidden RENAME TO integrations_read_meta_ad_connections',
      )
      expect((await lane.read(KEY))?.accessToken).toBe(tokens.get('tenant-a/meta'))
      expect(before).toHaveLength(1)
      expect(await sessions()).toEqual(before)
    } finally {
      await lane.close()
    }
  })

  test('a login that may not read yet reads on the same connection once it may', async () => {
    const login = await createLogin(pool, database.url)
    const lane = new PostgresReadLane({ connectionString: login.url })
    const sessions = async (): Promise<unknown> =>
      (await pool.query('SELECT pid FROM pg_stat_activity WHERE usename = $1', [login.name])).rows
    try {
      await expect(lane.read(KEY)).rejects.toMatchObject({ code: 'migration_conflict' })
      const before = await sessions()
      await pool.query(`GRANT integrations_app TO ${login.name}`)
      expect((await lane.read(KEY))?.accessToken).toBe(tokens.get('tenant-a/meta'))
      expect(before).toHaveLength(1)
      expect(await sessions()).toEqual(before)
    } finally {
      await lane.close()
      await login.drop()
    }
  })

  test('it closes although the server has stopped answering', async () => {
    const proxy = await postgresProxy(database.url)
    const lane = new PostgresReadLane({ connectionString: proxy.url })
    try {
      await lane.read(KEY)
      proxy.freeze()
      const closed = lane.close().then(() => 'closed')
      const late = delay(5_000, 'still waiting', { ref: false })
      expect(await Promise.race([closed, late])).toBe('closed')
    } finally {
      await proxy.close()
    }
  })

  test('it reads under read committed where the database would be serializable', async () => {
    const other = await freshDatabase()
    await pool.query(`ALTER DATABASE ${other.name} SET default_transaction_isolation = 'serializable'`)
    const lane = new PostgresReadLane({ connectionString: other.url })
    const witness = createPool({ connectionString: other.url, maxConnections: 1 })
    try {
      // What a serializable transaction read is remembered for as long as another one of its time runs.
      await witness.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
      await witness.query('SELECT 1')
      await lane.read(KEY)
      const { rows } = await witness.query<{ mode: string }>(
        "SELECT mode FROM pg_locks WHERE mode = 'SIReadLock' AND relation::regclass::text LIKE '%connections%'",
      )
      expect(rows).toEqual([])
    } finally {
      await lane.close()
      await witness.end()
      await other.drop()
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
