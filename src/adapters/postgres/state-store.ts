import type { Sealed } from '../../ports/cipher.ts'
import { StateTakenError } from '../../ports/state-store.ts'
import type { StateKey, StateStore } from '../../ports/state-store.ts'
import { toSealed } from './connection-row.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPoolOptions } from './single-statement.ts'

// Each new state takes a few expired ones away, so that the table stays about as large as what lives in it.
const REMEMBER = `
WITH swept AS (
  DELETE FROM public.integration_states WHERE key = ANY (ARRAY(
    SELECT key FROM public.integration_states WHERE expires_at <= statement_timestamp() AND key <> $1
    LIMIT 4 FOR UPDATE SKIP LOCKED))
)
INSERT INTO public.integration_states AS kept (key, sealed, expires_at)
VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond')
ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at
  WHERE kept.expires_at <= clock_timestamp()
RETURNING key`

const CONSUME = `
DELETE FROM public.integration_states WHERE key = $1
RETURNING CASE WHEN expires_at > clock_timestamp() THEN sealed END AS sealed`

/** States in Postgres, by its clock. */
export class PostgresStateStore implements StateStore {
  readonly #statements: SingleStatements

  constructor(options: StatementPoolOptions) {
    this.#statements = new SingleStatements(options)
  }

  async remember(key: StateKey, sealed: Sealed, ttlMs: number): Promise<void> {
    const rows = await this.#statements.run(REMEMBER, [key, sealed, ttlMs])
    if (rows.length === 0) throw new StateTakenError()
  }

  async consume(key: StateKey): Promise<Sealed | undefined> {
    const [row] = await this.#statements.run<{ sealed: string | null }>(CONSUME, [key])
    return toSealed(row?.sealed ?? null)
  }
}
