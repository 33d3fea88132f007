import { migrate } from '../../src/adapters/postgres/migrate.ts'

/**
 * Brings the run's template database to the newest schema, once; every `freshDatabase()` is a copy of it.
 * No connection to it may stay open: Postgres refuses to copy a database in use.
 */
export async function prepareTemplate(url: string): Promise<void> {
  await migrate({ connectionString: url })
}
