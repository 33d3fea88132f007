import { MigrationConflictError } from '../../domain/errors.ts'
import { refuseUngranted, refuseUnprotected } from './isolation.ts'
import { PACKAGED_MIGRATIONS, readMigrations } from './migration-files.ts'
import type { Migration } from './migration-files.ts'
import { onOneConnection } from './one-connection.ts'
import type { WhichDatabase } from './one-connection.ts'
import type { PostgresQueries } from './postgres-pool.ts'
import { toStoreError } from './store-error.ts'

/** Checksums of what was applied, by version; nothing where nothing was. */
export async function appliedMigrations(client: PostgresQueries): Promise<ReadonlyMap<number, string>> {
  const { rows: tables } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('public.integration_migrations') IS NOT NULL AS exists",
  )
  if (tables[0]?.exists !== true) return new Map()
  const { rows } = await client.query<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM public.integration_migrations',
  )
  return new Map(rows.map(({ version, checksum }) => [version, checksum]))
}

/** A newer release may have applied more than this one knows; what both know must be the same. */
export function refuseEdited(migrations: readonly Migration[], applied: ReadonlyMap<number, string>): void {
  for (const { version, name, checksum } of migrations) {
    const known = applied.get(version)
    if (known !== undefined && known !== checksum) {
      throw new MigrationConflictError(
        `${name} is not the file that was applied; released files are never edited, restore it and add a new one`,
      )
    }
  }
}

/**
 * Says whether the schema is the one that this version needs and keeps tenants apart, before anything is asked of it.
 * @throws MigrationConflictError when it is missing, older or altered, or something that keeps tenants apart is gone
 * @throws ConfigInvalidError when the login may not use it
 * @throws StoreUnavailableError
 */
export async function checkMigrated(
  options: WhichDatabase & { readonly folder?: URL | undefined },
): Promise<void> {
  const migrations = await readMigrations(options.folder ?? PACKAGED_MIGRATIONS)
  await onOneConnection(options, async (client) => {
    const applied = await appliedMigrations(client)
    refuseEdited(migrations, applied)
    const missing = migrations.filter(({ version }) => !applied.has(version)).map(({ name }) => name)
    if (missing.length > 0) {
      throw new MigrationConflictError(
        `${missing.join(', ')} is not applied to the database; run \`integrations migrate\``,
      )
    }
    await refuseUnprotected(client, migrations, applied)
    await refuseUngranted(client)
  }).catch((error: unknown) => {
    throw toStoreError(error)
  })
}
