import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CreatedPool as Pool } from '../../../src/adapters/postgres/index.ts'
import { afterEach, expect, test } from 'vitest'
import { startPostgres } from '../../../dev/services/postgres.ts'
import {
  checkMigrated,
  createPool,
  dbaStatements,
  migrate,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import { PACKAGED_MIGRATIONS } from '../../../src/adapters/postgres/migration-files.ts'
import { KEY, newGrant } from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'
import { createLogin } from './logins.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function emptyDatabase(): Promise<{ pool: Pool; url: string }> {
  const database = await freshDatabase('empty')
  const pool = createPool({ connectionString: database.url })
  cleanUps.push(
    () => database.drop(),
    () => pool.end(),
  )
  return { pool, url: database.url }
}

async function tablesOf(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

/** A copy of the released files, to do to them what nobody should. */
async function copiedFolder(): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  cleanUps.push(() => rm(folder, { recursive: true }))
  await cp(PACKAGED_MIGRATIONS, folder, { recursive: true })
  return pathToFileURL(`${folder}/`)
}

test('an empty database is brought up to date, once', async () => {
  const { pool, url } = await emptyDatabase()
  const told: string[] = []
  const first = await migrate({ connectionString: url, log: (message) => told.push(message) })
  expect(first.applied).toEqual(['018_integrations.sql'])
  expect(told).toEqual(['applied 018_integrations.sql'])
  expect(await tablesOf(pool)).toEqual([
    'consumed_states',
    'data_keys',
    'google_ads_connections',
    'integration_connections',
    'integration_migrations',
    'integration_start_counters',
    'integration_states',
    'klaviyo_connections',
    'meta_ad_connections',
    'other_connections',
    'pending_revocations',
    'provider_apps',
    'tiktok_ad_connections',
  ])
  expect((await migrate({ pool })).applied).toEqual([])
  await checkMigrated({ pool })
})

test('of twenty that migrate at once one applies, and the rest find it done', async () => {
  const { pool, url } = await emptyDatabase()
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => migrate({ connectionString: url })))
  expect(outcomes.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
  await checkMigrated({ pool })
})

test('several migrate at once where the database would be serializable', async () => {
  const { pool, url } = await emptyDatabase()
  await pool.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`,
  )
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => migrate({ connectionString: url })))
  expect(outcomes.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
})

test('several databases of one server migrate at once', async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, emptyDatabase))
  await Promise.all(databases.map(({ url }) => migrate({ connectionString: url })))
  for (const { pool } of databases) await checkMigrated({ pool })
})

test('an edited release is refused, whoever asks, and line endings are no edit', async () => {
  const { pool } = await emptyDatabase()
  await migrate({ pool })
  const folder = await copiedFolder()
  const file = new URL('018_integrations.sql', folder)
  const sql = await readFile(file, 'utf8')
  await writeFile(file, sql.replaceAll('\n', '\r\n'))
  expect((await migrate({ pool, folder })).applied).toEqual([])
  await writeFile(file, `${sql}-- a remark\n`)
  const refusal = {
    code: 'migration_conflict',
    message: expect.stringContaining('018_integrations.sql') as string,
  }
  await expect(migrate({ pool, folder })).rejects.toMatchObject(refusal)
  await expect(checkMigrated({ pool, folder })).rejects.toMatchObject(refusal)
})

test('a file that fails undoes everything that was applied with it', async () => {
  const { pool } = await emptyDatabase()
  const folder = await copiedFolder()
  await writeFile(new URL('019_fail_late.sql', folder), 'CREATE TABLE late (id int);\nSELECT 1 / 0;')
  await expect(migrate({ pool, folder })).rejects.toMatchObject({
    code: 'migration_conflict',
    message: expect.stringContaining('019_fail_late.sql') as string,
  })
  expect(await tablesOf(pool)).toEqual([])
  await writeFile(new URL('019_fail_late.sql', folder), 'CREATE TABLE late (id int);')
  expect((await migrate({ pool, folder })).applied).toEqual(['018_integrations.sql', '019_fail_late.sql'])
})

test('a database that a newer release migrated serves this one', async () => {
  const { pool } = await emptyDatabase()
  const folder = await copiedFolder()
  await writeFile(new URL('019_add_later.sql', folder), 'CREATE TABLE later (id int);')
  await migrate({ pool, folder })
  await pool.query('CREATE POLICY of_later ON pending_revocations TO integrations_jobs USING (false)')
  expect((await migrate({ pool })).applied).toEqual([])
  await checkMigrated({ pool })
})

test('what is missing is named, with the command that brings it', async () => {
  const { pool, url } = await emptyDatabase()
  const advice = expect.stringContaining('integrations migrate') as string
  await expect(checkMigrated({ connectionString: url })).rejects.toMatchObject({
    code: 'migration_conflict',
    message: advice,
  })
  const tokens = new PostgresTokenStore({ pool })
  const refusal = { code: 'migration_conflict', isRetryable: false, message: advice }
  await expect(tokens.read(KEY)).rejects.toMatchObject(refusal)
  await expect(tokens.list(KEY.tenantId)).rejects.toMatchObject(refusal)
})

test('a login that was not granted is told what to do', async () => {
  const { pool, url } = await emptyDatabase()
  await migrate({ pool })
  const login = await createLogin(pool, url)
  const own = createPool({ connectionString: login.url })
  cleanUps.push(
    () => login.drop(),
    () => own.end(),
  )
  const advice = expect.stringContaining('to be granted') as string
  const refusal = { code: 'migration_conflict', isRetryable: false, message: advice }
  await expect(checkMigrated({ pool: own })).rejects.toMatchObject(refusal)
  await expect(new PostgresTokenStore({ pool: own }).read(KEY)).rejects.toMatchObject(refusal)
  await migrate({ pool, grantTo: [login.name] })
  await checkMigrated({ pool: own })
  expect(await new PostgresTokenStore({ pool: own }).read(KEY)).toBeUndefined()
})

test('a login that may not create roles changes nothing, and is given the statements that let it', async () => {
  const { pool, url } = await emptyDatabase()
  const login = await createLogin(pool, url)
  cleanUps.push(() => login.drop())
  await expect(migrate({ connectionString: login.url })).rejects.toMatchObject({
    code: 'migration_conflict',
    message: expect.stringContaining(dbaStatements(login.name)) as string,
  })
  expect(await tablesOf(pool)).toEqual([])
  const [before = '', after = ''] = dbaStatements(login.name).split('-- after migrating')
  // The roles are those of the whole cluster: other databases of it have brought them.
  await pool.query(before)
  await pool.query(before)
  expect((await migrate({ connectionString: login.url })).applied).toHaveLength(1)
  await pool.query(after)
  const own = createPool({ connectionString: login.url })
  cleanUps.push(() => own.end())
  const tokens = new PostgresTokenStore({ pool: own })
  await tokens.disconnect(KEY, { queueForRevocation: false })
  expect(await tokens.list(KEY.tenantId)).toEqual([])
})

test('a login that may create roles needs nobody, and keeps no more rights than it needs', async () => {
  const server = await startPostgres({ isDedicated: true })
  cleanUps.push(() => server.stop())
  const admin = createPool({ connectionString: server.url })
  const login = await createLogin(admin, server.url, 'CREATEROLE')
  await admin.query(`CREATE DATABASE host OWNER ${login.name}`)
  await admin.end()
  const url = new URL(login.url)
  url.pathname = '/host'
  expect((await migrate({ connectionString: url.href })).applied).toHaveLength(1)
  const own = createPool({ connectionString: url.href })
  cleanUps.push(() => own.end())
  const tokens = new PostgresTokenStore({ pool: own })
  expect(await tokens.list(KEY.tenantId)).toEqual([])
  const { rows } = await own.query<Record<string, unknown>>(
    `SELECT pg_has_role('integrations_jobs', 'USAGE') AS acts_as_job,
      pg_has_role('integrations_reads', 'USAGE') AS acts_as_read,
      pg_has_role('integrations_refreshes', 'USAGE') AS acts_as_refresh,
      has_schema_privilege('integrations_app', 'public', 'CREATE') AS app_creates,
      has_schema_privilege('integrations_jobs', 'public', 'CREATE') AS job_creates`,
  )
  expect(rows).toEqual([
    {
      acts_as_job: false,
      acts_as_read: false,
      acts_as_refresh: false,
      app_creates: false,
      job_creates: false,
    },
  ])
})

test('a schema put before the others changes nothing of what the functions do', async () => {
  const { pool, url } = await emptyDatabase()
  await migrate({ pool })
  const grant = newGrant()
  await new PostgresTokenStore({ pool }).save(grant)
  await pool.query(`
    CREATE SCHEMA hostile;
    CREATE FUNCTION hostile.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
    CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$SELECT 'tenant-a'$$;
    CREATE FUNCTION hostile.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT 'tenant-a'$$;
    CREATE FUNCTION hostile.json_build_array(VARIADIC "any") RETURNS json LANGUAGE internal AS 'json_build_array';
    CREATE FUNCTION hostile.date_part(text, interval) RETURNS double precision LANGUAGE sql AS 'SELECT 1 / 0.0';
    CREATE TABLE hostile.meta_ad_connections (LIKE public.meta_ad_connections);
    GRANT USAGE ON SCHEMA hostile TO integrations_app, integrations_jobs, integrations_reads, integrations_refreshes`)
  const path = encodeURIComponent('-c search_path=hostile,pg_catalog,public')
  const own = createPool({ connectionString: `${url}?options=${path}` })
  cleanUps.push(() => own.end())
  const tokens = new PostgresTokenStore({ pool: own })
  const reading = await tokens.read(KEY)
  expect(reading?.accessToken).toBe(grant.tokens.accessToken)
  expect(reading?.remainingMs).toBeGreaterThan(60_000)
  expect(await tokens.read({ ...KEY, label: 'second' })).toBeUndefined()
  expect(await tokens.read({ ...KEY, provider: 'pinterest' })).toBeUndefined()
  const { rows } = await own.query<{ answer: string }>(
    `SELECT public.integrations_read_many_meta_ad_connections(ARRAY['tenant-b'], ARRAY['meta'], ARRAY['default']) AS answer`,
  )
  expect(rows).toEqual([{ answer: '[]' }])
})

test('row security is forced on the parent and on every partition, and functions belong to the four roles', async () => {
  const { pool } = await emptyDatabase()
  await migrate({ pool })
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND (relname LIKE '%\\_connections' OR relname = 'pending_revocations') AND relkind IN ('r', 'p')
      AND NOT (relrowsecurity AND relforcerowsecurity)`,
  )
  expect(rows).toEqual([])
  const functions = await pool.query<Record<string, unknown>>(
    `SELECT proname, prosecdef, proowner::regrole::text AS owner FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND (NOT prosecdef
        OR proowner::regrole::text NOT IN ('integrations_app', 'integrations_jobs', 'integrations_reads', 'integrations_refreshes')
        OR NOT (proname LIKE 'integrations\\_read\\_%' OR 'search_path=pg_catalog, pg_temp' = ANY (proconfig))
        OR has_function_privilege('public', oid, 'EXECUTE'))`,
  )
  expect(functions.rows).toEqual([])
  const unique = await pool.query<{ name: string }>(
    `SELECT conrelid::regclass::text AS name FROM pg_constraint
      WHERE contype = 'u' AND pg_get_constraintdef(oid) = 'UNIQUE (tenant_id, label)' ORDER BY 1`,
  )
  expect(unique.rows.map(({ name }) => name)).toEqual([
    'google_ads_connections',
    'klaviyo_connections',
    'meta_ad_connections',
    'tiktok_ad_connections',
  ])
})

test("a function of the host's stays the host's, whatever it is called", async () => {
  const { pool, url } = await emptyDatabase()
  await pool.query('CREATE FUNCTION integrations_of_host() RETURNS integer LANGUAGE sql RETURN 1')
  const { rows: before } = await pool.query(OWN_FUNCTION)
  await migrate({ connectionString: url })
  expect((await pool.query(OWN_FUNCTION)).rows).toEqual(before)
  const { rows: open } = await pool.query(
    `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     AND proname <> 'integrations_of_host' AND (proacl IS NULL OR proowner = current_user::regrole)`,
  )
  expect(open).toEqual([])
})

const OWN_FUNCTION = `SELECT proowner, proacl FROM pg_proc WHERE proname = 'integrations_of_host'`
