import { StoreUnavailableError } from '../../domain/errors.ts'
import type { PreparedStatement } from './postgres-pool.ts'
import { isUnanswered, sqlStateOf, toStoreError } from './store-error.ts'

/** What is asked of a pool where each operation is one statement: pg's `Pool` fits, and so does one of PgBouncer's. */
export interface StatementPool {
  readonly query: <Row extends Record<string, unknown>>(
    statement: string | PreparedStatement,
    values: unknown[],
  ) => Promise<{ readonly rows: readonly Row[] }>
}

/** What the adapters of single statements have in common. */
export interface StatementPoolOptions {
  readonly pool: StatementPool
  /** How long an answer is waited for, whatever the pool itself would do. */
  readonly timeoutMs?: number | undefined
}

/** What is heard of a statement whose caller was told that it failed: what it did, it did all the same. */
export interface Aftermath<Row> {
  /** The answer came after the caller had given up. */
  readonly late: (rows: readonly Row[]) => void
  /** There will be no answer, and nobody knows what was done. */
  readonly lost: () => void
}

const ANSWER_TIMEOUT_MS = 1_500

/** Two transactions got in each other's way, which a database may let happen where its default isolation is strict. */
const CONFLICTS: ReadonlySet<string | undefined> = new Set(['40001', '40P01'])

/** It is not there under its name, or is there already: a pooler gave the session to somebody else. */
const NAME_REFUSALS: ReadonlySet<string | undefined> = new Set(['26000', '42P05'])
/** A migration changed what it answers. The driver gives up the session, and the next one prepares it anew. */
const STALE_PLAN = '0A000'

/** Pools whose sessions keep no names, for all who ask them. */
const namelessPools = new WeakSet<StatementPool>()

/**
 * Runs statements that are transactions of their own and leave nothing behind in the session but what is prepared, under
 * names that no other text has. Where a pooler does not keep those, nothing is prepared from then on. Every failure is a
 * StoreUnavailableError, or a MigrationConflictError where that would not pass by itself, in time; the driver's own errors may repeat parameters and go no further.
 */
export class SingleStatements {
  readonly #pool: StatementPool
  readonly #timeoutMs: number

  constructor(options: StatementPoolOptions) {
    this.#pool = options.pool
    this.#timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS
  }

  run<Row extends Record<string, unknown> = Record<string, unknown>>(
    statement: string | PreparedStatement,
    values: readonly (string | number | null)[],
    aftermath?: Aftermath<Row>,
  ): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const attempt = { isLate: false }
      const timer = setTimeout(() => {
        attempt.isLate = true
        reject(new StoreUnavailableError('Postgres', 'it did not answer in time; call again later'))
      }, this.#timeoutMs)
      this.#untilUndisturbed<Row>(statement, [...values], attempt).then(
        (rows) => {
          clearTimeout(timer)
          if (attempt.isLate) aftermath?.late(rows)
          resolve(rows)
        },
        (error: unknown) => {
          clearTimeout(timer)
          if (isUnanswered(error)) aftermath?.lost()
          reject(toStoreError(error))
        },
      )
    })
  }

  async #untilUndisturbed<Row extends Record<string, unknown>>(
    statement: string | PreparedStatement,
    values: unknown[],
    attempt: { readonly isLate: boolean },
  ): Promise<readonly Row[]> {
    const text = typeof statement === 'string' ? statement : statement.text
    let isNamed = text !== statement && !namelessPools.has(this.#pool)
    for (;;) {
      try {
        return (await this.#pool.query<Row>(isNamed ? statement : text, values)).rows
      } catch (error) {
        const state = sqlStateOf(error)
        const isForeign = isNamed && NAME_REFUSALS.has(state)
        if (isForeign) namelessPools.add(this.#pool)
        // A name is refused before anything is done. In a conflict somebody else's transaction went through, so that
        // trying again comes to an end.
        const isWorthAnother = isForeign || (isNamed && state === STALE_PLAN) || CONFLICTS.has(state)
        if (attempt.isLate || !isWorthAnother) throw error
        if (!CONFLICTS.has(state)) isNamed = false
      }
    }
  }
}
