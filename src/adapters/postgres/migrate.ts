import { setTimeout as delay } from 'node:timers/promises'
import { ConfigInvalidError, MigrationConflictError } from '../../domain/errors.ts'
import { dbaStatements, quoted } from './dba-statements.ts'
import { refuseUngranted, refuseUnprotected } from './isolation.ts'
import { PACKAGED_MIGRATIONS, readMigrations } from './migration-files.ts'
import type { Migration } from './migration-files.ts'
import { appliedMigrations, refuseEdited } from './migration-table.ts'
import { onOneConnection } from './one-connection.ts'
import type { WhichDatabase } from './one-connection.ts'
import type { PostgresQueries } from './postgres-pool.ts'
import { sqlStateOf, toStoreError } from './store-error.ts'

/** The login must be one that may create tables in the schema `public`. */
export interface MigrateOptions extends WhichDatabase {
  /** Further logins that may use what is created; the one that migrates always may. */
  readonly grantTo?: readonly string[] | undefined
  /** Hears of each file that was applied. */
  readonly log?: ((message: string) => void) | undefined
  /** Another folder of migrations than the package's. */
  readonly folder?: URL | undefined
}

/**
 * Brings the schema up to this version: all pending files in one transaction, or none. Any number of processes may call
 * it at once; one applies, the others wait and find everything done.
 * @throws MigrationConflictError when a released file was edited, one cannot be applied here, or something that keeps tenants
 * apart is gone
 * @throws ConfigInvalidError when a login to be granted does not exist
 * @throws StoreUnavailableError
 */
export async function migrate(options: MigrateOptions): Promise<{ readonly applied: readonly string[] }> {
  const migrations = await readMigrations(options.folder ?? PACKAGED_MIGRATIONS)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const applied = await onOneConnection(options, (client) => inTransaction(client, migrations, options))
      for (const name of applied) options.log?.(`applied ${name}`)
      return { applied }
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && isRoleRace(error)) await delay(50 * attempt)
      else throw toStoreError(error)
    }
  }
}

const MAX_ATTEMPTS = 20
/** A number that no other user of advisory locks in the database is likely to choose. */
const LOCK = '7162849305177201'

async function inTransaction(
  client: PostgresQueries,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<readonly string[]> {
  // Under a snapshot older than the lock, what others applied meanwhile would not be seen.
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`)
    const applied = await appliedMigrations(client)
    refuseEdited(migrations, applied)
    const pending = migrations.filter(({ version }) => !applied.has(version))
    if (pending.length > 0) await client.query(CREATE_TABLE)
    for (const migration of pending) await apply(client, migration)
    await refuseUnprotected(client, migrations, applied)
    await grant(client, options.grantTo ?? [])
    await refuseUngranted(client)
    await client.query('COMMIT')
    return pending.map(({ name }) => name)
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw sqlStateOf(error) === '42501' ? await forbidden(client, options) : error
  }
}

const CREATE_TABLE = `
CREATE TABLE IF NOT EXISTS public.integration_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`

const RECORD = 'INSERT INTO public.integration_migrations (version, name, checksum) VALUES ($1, $2, $3)'

/** The record comes first: whoever tries the same file without our lock fails on it before anything is changed. */
async function apply(client: PostgresQueries, { version, name, checksum, sql }: Migration): Promise<void> {
  await client.query(RECORD, [version, name, checksum])
  try {
    await client.query(sql)
  } catch (error) {
    const state = sqlStateOf(error)
    if (state === undefined || state === '42501' || isRoleRace(error)) throw error
    // A migration has no parameters: its errors name objects and nothing else.
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new MigrationConflictError(`${name} cannot be applied, nothing was changed: ${reason} (${state})`)
  }
}

async function grant(client: PostgresQueries, logins: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ login: string }>(UNKNOWN_LOGINS, [[...logins]])
  if (rows.length > 0)
    throw new ConfigInvalidError(rows.map(({ login }) => `--grant-to: there is no login ${login}`))
  for (const login of logins) await client.query(`GRANT integrations_app TO ${quoted(login)}`)
}

const UNKNOWN_LOGINS = `
SELECT login FROM unnest($1::text[]) AS login WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login) ORDER BY 1`

async function forbidden(client: PostgresQueries, options: MigrateOptions): Promise<MigrationConflictError> {
  const { rows } = await client.query<{ login: string }>('SELECT current_user AS login')
  return new MigrationConflictError(
    `The login may not create what the migrations need, nothing was changed. Migrate as a login that may create roles, ` +
      `or let a database administrator run the first part of this, migrate, and let them run the second\n${dbaStatements(rows[0]?.login, options.grantTo)}`,
  )
}

/** Roles belong to the server, the lock to one database: databases of one server that migrate at once meet there. */
function isRoleRace(error: unknown): boolean {
  const state = sqlStateOf(error)
  if (typeof error !== 'object' || error === null) return false
  if (state === '23505') return 'table' in error && String(error.table).startsWith('pg_auth')
  if (state === '42710') return 'routine' in error && error.routine === 'CreateRole'
  return state === 'XX000' || state === '40001' || state === '40P01'
}
