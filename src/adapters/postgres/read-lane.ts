import { StoreUnavailableError } from '../../domain/errors.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { GroupedReads } from './grouped-reads.ts'
import { LaneConnection } from './lane-connection.ts'
import { toStoreError } from './store-error.ts'
import type { PreparedStatement } from './postgres-pool.ts'

/** Which Postgres (itself, not PgBouncer), and over how many connections. */
export interface ReadLaneOptions {
  readonly connectionString: string
  /** One serves a process; a second helps where one core of the database is the limit. */
  readonly connections?: number | undefined
  /** How long one attempt of a read may take. */
  readonly timeoutMs?: number | undefined
}

const READ_TIMEOUT_MS = 1_000
/** For each connection: one group is served while the next is on its way. */
const GROUPS_UNDER_WAY = 2

/**
 * Connections of our own for the hot reads of all callers: no read waits for a free connection, and those that are asked
 * at about the same time are one statement. Statements are prepared once for each connection and pipelined, so this is
 * for a Postgres that is reached directly; behind PgBouncer read over the pool. Opened by the first read; whoever made
 * it closes it.
 */
export class PostgresReadLane {
  readonly #connections: readonly LaneConnection[]
  readonly #reads: GroupedReads
  readonly #underWay = new Set<Promise<unknown>>()
  #turn = 0
  #isClosed = false

  constructor({ connectionString, connections = 1, timeoutMs = READ_TIMEOUT_MS }: ReadLaneOptions) {
    this.#connections = Array.from(
      { length: Math.max(1, connections) },
      () => new LaneConnection({ connectionString, timeoutMs }),
    )
    this.#reads = new GroupedReads(
      (statement, values) => this.#ask(statement, values),
      GROUPS_UNDER_WAY * this.#connections.length,
    )
  }

  /**
   * Reads once, and once more when the connection was lost under it.
   * @throws StoreUnavailableError
   */
  async read(key: ConnectionKey): Promise<TokenReading | undefined> {
    if (this.#isClosed) throw new StoreUnavailableError('Postgres', 'the read lane is closed')
    const reading = this.#reads.read(key)
    this.#underWay.add(reading)
    try {
      return (await reading) ?? undefined
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

  async #ask(statement: PreparedStatement, values: string[]): Promise<string | null> {
    this.#turn = (this.#turn + 1) % this.#connections.length
    const connection = this.#connections[this.#turn]
    for (let attempt = 1; connection !== undefined && attempt <= 2; attempt += 1) {
      const answer = await connection.ask(statement, values)
      if (answer !== undefined) return answer
    }
    throw new StoreUnavailableError('Postgres')
  }
}
