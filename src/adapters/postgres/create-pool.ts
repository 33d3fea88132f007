import { Pool } from 'pg'
import type { Logger } from '../../ports/logger.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { nodeCodeOf, sqlStateOf } from './store-error.ts'

/** Which database, and how many connections. */
export interface CreatePoolOptions {
  readonly connectionString: string
  readonly maxConnections?: number | undefined
  /** Hears when an idle connection is lost. */
  readonly logger?: Logger | undefined
}

/** Typed by what is asked of it: pg brings no types of its own, and hosts need not install any. */
export interface CreatedPool extends PostgresPool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  end(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 2_000
/** pg itself would wait without end on a connection whose other side has gone. */
const QUERY_TIMEOUT_MS = 15_000

/**
 * Makes a pg pool that fails in time and survives the loss of its connections. It sets nothing in a session, so that it
 * works over PgBouncer in transaction mode. Whoever calls this ends it.
 */
export function createPool({
  connectionString,
  maxConnections = 10,
  logger,
}: CreatePoolOptions): CreatedPool {
  const pool = new Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'integrations',
  })
  // Without a listener the process would end with the first lost connection, and print how it was made.
  pool.on('error', (error) => {
    if (pool.ending) return
    logger?.log('warn', 'An idle connection to Postgres was lost', {
      reason: sqlStateOf(error) ?? nodeCodeOf(error) ?? 'network',
    })
  })
  // The pool stops listening before the borrower can begin: an error that arrives in between would end the process too.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
