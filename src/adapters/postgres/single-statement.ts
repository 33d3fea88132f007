import { hash } from 'node:crypto'
import { StoreUnavailableError } from '../../domain/errors.ts'
import type { PreparedStatement } from './postgres-pool.ts'
import { isUnanswered, sqlStateOf, toStoreError } from './store-error.ts'

/** What is asked of a pool where each operation is one statement: pg's `Pool` fits, and so does one of PgBouncer's. */
export interface StatementPool {
  query<Row extends Record<string, unknown>>(
    statement: string | PreparedStatement,
    values: unknown[],
  ): Promise<{ readonly rows: readonly Row[] }>
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

/**
 * What is not there under its name, or is there already, because a pooler gave the session to somebody else; or what has
 * to be prepared anew since a migration changed its answer. The statement has done nothing then.
 */
const NAME_REFUSALS: ReadonlySet<string | undefined> = new Set(['26000', '42P05', '0A000'])

/**
 * Runs statements that are transactions of their own and leave nothing behind in the session but what they prepared, under
 * names that no other text has. Where a pooler does not keep those, nothing is prepared from then on. Every failure is a
 * StoreUnavailableError, in time; the driver's own errors may repeat parameters and go no further.
 */
export class SingleStatements {
  readonly #pool: StatementPool
  readonly #timeoutMs: number
  readonly #prepared = new Map<string, PreparedStatement>()
  #isNaming = true

  constructor(options: StatementPoolOptions) {
    this.#pool = options.pool
    this.#timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS
  }

  run<Row extends Record<string, unknown> = Record<string, unknown>>(
    text: string,
    values: readonly (string | number | null | string[])[],
    aftermath?: Aftermath<Row>,
  ): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const attempt = { isLate: false }
      const timer = setTimeout(() => {
        attempt.isLate = true
        reject(new StoreUnavailableError('Postgres', 'it did not answer in time; call again later'))
      }, this.#timeoutMs)
      this.#untilUndisturbed<Row>(text, [...values], attempt).then(
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
    text: string,
    values: unknown[],
    attempt: { readonly isLate: boolean },
  ): Promise<readonly Row[]> {
    for (;;) {
      const isNaming = this.#isNaming
      try {
        return (await this.#pool.query<Row>(isNaming ? this.#named(text) : text, values)).rows
      } catch (error) {
        const state = sqlStateOf(error)
        if (attempt.isLate) throw error
        if (isNaming && NAME_REFUSALS.has(state)) this.#isNaming = false
        // Somebody else's transaction went through, so that trying again comes to an end.
        else if (!CONFLICTS.has(state)) throw error
      }
    }
  }

  #named(text: string): PreparedStatement {
    const known = this.#prepared.get(text)
    if (known !== undefined) return known
    const statement = { name: `integrations_${hash('sha256', text).slice(0, 32)}`, text }
    this.#prepared.set(text, statement)
    return statement
  }
}
