import type { ConsumedStates } from '../../ports/consumed-states.ts'
import type { StateKey } from '../../ports/state-store.ts'
import { COMMIT_DURABLY } from './durable-commit.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPoolOptions } from './single-statement.ts'

const RECORD = `
WITH durable AS (
  SELECT ${COMMIT_DURABLY}
), swept AS (
  DELETE FROM public.consumed_states WHERE key = ANY (ARRAY(
    SELECT key FROM public.consumed_states WHERE keep_until <= statement_timestamp() AND key <> $1
    LIMIT 4 FOR UPDATE SKIP LOCKED))
)
INSERT INTO public.consumed_states (key, keep_until)
SELECT $1, clock_timestamp() + $2::double precision * interval '1 millisecond' FROM durable
ON CONFLICT (key) DO NOTHING
RETURNING key`

/** Consumed states in Postgres: on disk before `record` resolves, whatever the database's default is. */
export class PostgresConsumedStates implements ConsumedStates {
  readonly #statements: SingleStatements

  constructor(options: StatementPoolOptions) {
    this.#statements = new SingleStatements(options)
  }

  async record(key: StateKey, keepMs: number): Promise<boolean> {
    return (await this.#statements.run(RECORD, [key, keepMs])).length > 0
  }
}
