/** What a statement brought back, as pg answers it. */
export interface PostgresResult<Row> {
  readonly rows: Row[]
  readonly rowCount: number | null
  /** The first word of what was done; a COMMIT of a failed transaction answers `ROLLBACK`. */
  readonly command?: string | undefined
}

/** Where statements are sent: pg's `Client`, `PoolClient` and `Pool` are such. */
export interface PostgresQueries {
  query<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<PostgresResult<Row>>
}

/** One connection, for as long as a transaction takes. */
export interface PostgresClient extends PostgresQueries {
  /** Gives the connection back, or away when it is of no use any more. */
  release(isBroken?: boolean): void
}

/** What is asked of a pool: pg's `Pool` fits, over PgBouncer too. Nothing is left behind in a session. */
export interface PostgresPool extends PostgresQueries {
  connect(): Promise<PostgresClient>
}
