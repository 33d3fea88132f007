import { Client } from 'pg'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { connectionProblem } from './connection-string.ts'
import { onPooledConnection } from './postgres-pool.ts'
import type { PostgresPool, PostgresQueries } from './postgres-pool.ts'

/** The database, by a pool or by where it is. */
export interface WhichDatabase {
  readonly pool?: PostgresPool | undefined
  readonly connectionString?: string | undefined
}

const CONNECT_TIMEOUT_MS = 10_000

/** Who logs in there: said by the connection string, or by what Postgres clients look at where it says nothing. */
export function loginOf(connectionString: string): string | undefined {
  return new Client({ connectionString }).user
}

/** Runs `work` on one connection from beginning to end. */
export async function onOneConnection<T>(
  { pool, connectionString }: WhichDatabase,
  work: (client: PostgresQueries) => Promise<T>,
): Promise<T> {
  if (pool !== undefined) return onPooledConnection(pool, work)
  if (connectionString === undefined)
    throw new ConfigInvalidError(['database: give a pool or a connectionString'])
  const problem = connectionProblem(connectionString)
  if (problem !== undefined) throw new ConfigInvalidError([`connectionString: ${problem}`])
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
