import { StoreUnavailableError } from '../../domain/errors.ts'
import { LaneConnection } from './lane-connection.ts'
import { toStoreError } from './store-error.ts'
import type { ReadStatement } from './token-reading.ts'

export interface ReadLaneOptions {
  readonly connectionString: string
  /** One serves a process; a second helps where one core of the database is the limit. */
  readonly connections?: number | undefined
  /** How long one attempt of a read may take. */
  readonly timeoutMs?: number | undefined
}

const READ_TIMEOUT_MS = 1_000

/**
 * Connections of our own on which the hot reads of all callers are pipelined: no read waits for another's answer before
 * it is sent, none waits for a free connection. Statements are prepared once for each connection, so this is for a
 * Postgres that is reached directly; behind PgBouncer read over the pool. Opened by the first read; whoever made it
 * closes it.
 */
export class PostgresReadLane {
  readonly #connections: readonly LaneConnection[]
  readonly #underWay = new Set<Promise<unknown>>()
  #turn = 0
  #isClosed = false

  constructor({ connectionString, connections = 1, timeoutMs = READ_TIMEOUT_MS }: ReadLaneOptions) {
    this.#connections = Array.from(
      { length: Math.max(1, connections) },
      () => new LaneConnection({ connectionString, timeoutMs }),
    )
  }

  /**
   * Reads once, and once more when the connection was lost under it. Parameters are text alone: one that the driver
   * could not serialise would leave a prepared statement closed on the server and known to the driver.
   * @throws StoreUnavailableError
   */
  async read<Row extends Record<string, unknown>>(
    statement: ReadStatement,
    values: readonly string[],
  ): Promise<readonly Row[]> {
    const reading = this.#read<Row>(statement, values)
    this.#underWay.add(reading)
    try {
      return await reading
    } catch (error) {
      throw toStoreError(error)
    } finally {
      this.#underWay.delete(reading)
    }
  }

  /** Waits for reads under way; those that come later are refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#underWay)
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }

  async #read<Row extends Record<string, unknown>>(
    statement: ReadStatement,
    values: readonly string[],
  ): Promise<readonly Row[]> {
    this.#turn = (this.#turn + 1) % this.#connections.length
    const connection = this.#connections[this.#turn]
    if (connection === undefined || this.#isClosed)
      throw new StoreUnavailableError('Postgres', 'the lane is closed')
    const first = await connection.query<Row>(statement, values)
    if (first !== 'lost') return first
    const second = await connection.query<Row>(statement, values)
    if (second !== 'lost') return second
    throw new StoreUnavailableError('Postgres')
  }
}
