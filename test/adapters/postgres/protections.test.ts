import type { CreatedPool as Pool, PostgresQueries } from '../../../src/adapters/postgres/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkMigrated, createPool, migrate } from '../../../src/adapters/postgres/index.ts'
import { ISOLATION } from '../../../src/adapters/postgres/isolation.ts'
import { freshDatabase } from '../../support/database.ts'
import type { TestDatabase } from '../../support/database.ts'
import { integrations } from '../../support/integrations-command.ts'
import { migratedAs } from './logins.ts'

const KEY = 'ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8='

let [database, pool] = [{} as TestDatabase, {} as Pool]
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const FUNCTIONS = Object.entries(ISOLATION.functions).flatMap(([role, names]) =>
  names.map((name) => ({ role, name })),
)
const POLICIES = Object.entries(ISOLATION.tables).flatMap(([table, roles]) =>
  roles.map((role) => ({ table, role })),
)

test('the list names all that a migrated database has: functions that act as their owner, tables of tenants, policies', async () => {
  const functions = await pool.query(
    `SELECT proowner::regrole::text AS role, proname::text AS name FROM pg_proc
     WHERE prosecdef AND pronamespace = 'public'::regnamespace`,
  )
  expect(functions.rows).toHaveLength(FUNCTIONS.length)
  expect(functions.rows).toEqual(expect.arrayContaining(FUNCTIONS))
  const tables = await pool.query<{ name: string }>(
    `SELECT a.attrelid::regclass::text AS name FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
     WHERE a.attname = 'tenant_id' ORDER BY 1`,
  )
  expect(tables.rows.map(({ name }) => name)).toEqual(Object.keys(ISOLATION.tables).sort())
  const policies = await pool.query(
    'SELECT polrelid::regclass::text AS table, polroles[1]::regrole::text AS role FROM pg_policy',
  )
  expect(policies.rows).toHaveLength(POLICIES.length)
  expect(policies.rows).toEqual(expect.arrayContaining(POLICIES))
  await checkMigrated({ pool })
})

async function identityOf(name: string): Promise<string> {
  const { rows } = await pool.query<{ identity: string }>(
    'SELECT oid::regprocedure::text AS identity FROM pg_proc WHERE proname = $1',
    [name],
  )
  return rows[0]?.identity ?? ''
}

async function policyOf(table: string, role: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    'SELECT polname AS name FROM pg_policy WHERE polrelid = $1::regclass AND polroles = ARRAY[$2::regrole::oid]',
    [table, role],
  )
  return rows[0]?.name ?? ''
}

/** What the database is refused for when this was done to it in a transaction, which is then undone. */
async function refusalAfter(statement: string): Promise<unknown> {
  const client = await pool.connect()
  const query: PostgresQueries['query'] = (text, values) => client.query(text, values)
  const lent = { query, on: () => undefined, off: () => undefined, release: () => undefined }
  try {
    await client.query(`BEGIN; ${statement}`)
    return await checkMigrated({ pool: { query: pool.query, connect: async () => lent } }).catch(
      (error: unknown) => error,
    )
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

function naming(problem: string): unknown {
  return expect.objectContaining({
    code: 'migration_conflict',
    message: expect.stringContaining(problem) as string,
  })
}

describe('of what keeps tenants apart', () => {
  test('no function may belong to another, act as its caller, or be anybody’s to call, and none may be missing', async () => {
    for (const { name } of FUNCTIONS) {
      const own = await identityOf(name)
      const other = `functions that act as another role than theirs: ${name}`
      expect(await refusalAfter(`ALTER FUNCTION ${own} OWNER TO CURRENT_USER`)).toEqual(naming(other))
      const callers = `functions that act as their caller: ${name}`
      expect(await refusalAfter(`ALTER FUNCTION ${own} SECURITY INVOKER`)).toEqual(naming(callers))
      const anybodys = `functions that PUBLIC may execute: ${name}`
      expect(await refusalAfter(`GRANT EXECUTE ON FUNCTION ${own} TO PUBLIC`)).toEqual(naming(anybodys))
      expect(await refusalAfter(`DROP FUNCTION ${own}`)).toEqual(
        naming(`functions that are missing: ${name}`),
      )
    }
  })

  test('every table must keep its owner, too, to its policies', async () => {
    for (const table of Object.keys(ISOLATION.tables)) {
      const refusal = naming(`tables without forced row-level security: ${table}`)
      expect(await refusalAfter(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`)).toEqual(refusal)
      expect(await refusalAfter(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`)).toEqual(refusal)
    }
  })

  test('every policy must be there, for its role, and no other may let the same roles or everybody see more', async () => {
    for (const { table, role } of POLICIES) {
      const name = await policyOf(table, role)
      const missing = naming(`policies that are missing: ${role} on ${table}`)
      expect(await refusalAfter(`DROP POLICY ${name} ON ${table}`)).toEqual(missing)
      expect(await refusalAfter(`ALTER POLICY ${name} ON ${table} TO pg_monitor`)).toEqual(missing)
      const added = `CREATE POLICY more ON ${table} TO ${role} USING (true)`
      expect(await refusalAfter(added)).toEqual(naming(`policies that are not ours: ${role} on ${table}`))
      const everybodys = await refusalAfter(`CREATE POLICY more ON ${table} USING (true)`)
      expect(everybodys).toEqual(naming(`policies that are not ours: PUBLIC on ${table}`))
    }
  })

  test('no role may be one that row-level security does not hold for', async () => {
    for (const role of Object.keys(ISOLATION.functions)) {
      const refusal = naming(`roles that row-level security does not hold for: ${role}`)
      expect(await refusalAfter(`ALTER ROLE ${role} BYPASSRLS`)).toEqual(refusal)
    }
  })

  test('what a host adds for roles of its own, or to see less, is its own affair', async () => {
    const table = 'integration_connections'
    expect(await refusalAfter(`CREATE POLICY report ON ${table} TO pg_monitor USING (true)`)).toBeUndefined()
    expect(await refusalAfter(`CREATE POLICY less ON ${table} AS RESTRICTIVE USING (true)`)).toBeUndefined()
  })
})

describe('doctor and migrate refuse a database', () => {
  const [connections, job] = ['meta_ad_connections', 'integrations_count_due(double precision)']
  test.each([
    ['that lost a policy', `DROP POLICY integrations_tenant ON ${connections}`],
    [
      'whose tables are not forced under their policies',
      `ALTER TABLE ${connections} NO FORCE ROW LEVEL SECURITY`,
    ],
    ['whose functions belong to who restored it', `ALTER FUNCTION ${job} OWNER TO CURRENT_USER`],
    ['whose functions anybody may call', `GRANT EXECUTE ON FUNCTION ${job} TO PUBLIC`],
  ])('%s', async (_which, statement) => {
    const own = await freshDatabase()
    const admin = createPool({ connectionString: own.url })
    try {
      await admin.query(statement)
      const refusal = naming('does not keep tenants apart')
      await expect(migrate({ pool: admin })).rejects.toEqual(refusal)
      const doctor = await integrations(['doctor'], {
        DATABASE_URL: own.url,
        INTEGRATION_ENCRYPTION_KEY: KEY,
      })
      expect([doctor.code, doctor.printed]).toEqual([
        1,
        expect.stringMatching(/problem +The database does not keep tenants apart.*docs\/operating\.md/),
      ])
    } finally {
      await admin.end()
      await own.drop()
    }
  })

  test('whose tables are their login’s, and whose role is not', async () => {
    const own = await migratedAs('the owner of the tables')
    try {
      const login = new URL(own.url).username
      await own.admin.query(`REVOKE integrations_app FROM ${login}`)
      const refusal = {
        code: 'config_invalid',
        message: expect.stringContaining(`integrations migrate --grant-to ${login}`) as string,
      }
      await expect(migrate({ connectionString: own.url })).rejects.toMatchObject(refusal)
      await expect(checkMigrated({ connectionString: own.url })).rejects.toMatchObject(refusal)
      await migrate({ pool: own.admin, grantTo: [login] })
      await checkMigrated({ connectionString: own.url })
    } finally {
      await own.close()
    }
  })
})
