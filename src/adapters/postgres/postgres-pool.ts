import { hash } from 'node:crypto'

/** What a statement brought back, as pg answers it. */
export interface PostgresResult<Row> {
  readonly rows: Row[]
  readonly rowCount: number | null
  /** The first word of what was done; a COMMIT of a failed transaction answers `ROLLBACK`. */
  readonly command?: string | undefined
}

/** What a session parses once. A name has one text for ever, whatever version of us gave it. */
export interface PreparedStatement {
  readonly name: string
  readonly text: string
}

/**
 * For calls of functions, which plan for themselves: a plan of a table that was kept since the table was empty would read
 * all of it.
 */
export function prepared(text: string): PreparedStatement {
  return { name: `integrations_${hash('sha256', text).slice(0, 32)}`, text }
}

/** Where statements are sent: pg's `Client`, `PoolClient` and `Pool` are such. */
export interface PostgresQueries {
  readonly query: <Row extends Record<string, unknown>>(
    text: string,
    values?: unknown[],
  ) => Promise<PostgresResult<Row>>
}

/** One connection, for as long as a transaction takes. */
export interface PostgresClient extends PostgresQueries {
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
  /** Gives the connection back, or away when it is of no use any more. */
  release(isBroken?: boolean): void
}

/** What is asked of a pool: pg's `Pool` fits, over PgBouncer too. No setting is left behind in a session. */
export interface PostgresPool {
  readonly query: <Row extends Record<string, unknown>>(
    statement: string | PreparedStatement,
    values?: unknown[],
  ) => Promise<PostgresResult<Row>>
  connect(): Promise<PostgresClient>
}

/** Lends a connection to `work`. One that was lost meanwhile, or that `work` gives up, is not lent again. */
export async function onPooledConnection<T>(
  pool: PostgresPool,
  work: (client: PostgresQueries, giveUp: () => void) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let isBroken = false
  const giveUp = (): void => {
    isBroken = true
  }
  // A pool listens to its idle connections alone: one that is lost while it is lent would end the process.
  client.on('error', giveUp)
  try {
    return await work(client, giveUp)
  } finally {
    client.off('error', giveUp)
    client.release(isBroken)
  }
}
