import { hash } from 'node:crypto'
import { startWindows } from '../../domain/model/start-limits.ts'
import type { StartLimits, StartWindow } from '../../domain/model/start-limits.ts'
import type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPoolOptions } from './single-statement.ts'

/**
 * Counts one bucket unless an earlier one was full. `excluded` holds the end of a window that opens now: one reading
 * of the clock decides both whether the old window is over and when a new one ends.
 */
function counting(name: string, first: number, earlier: readonly string[]): string {
  const [bucket, most, lengthMs] = [
    `$${first}::text`,
    `$${first + 1}::int`,
    `$${first + 2}::double precision`,
  ]
  const length = `${lengthMs} * interval '1 millisecond'`
  const isOver = `counter.window_ends_at <= excluded.window_ends_at - ${length}`
  const conditions = [
    `${bucket} IS NOT NULL`,
    ...earlier.map((one) => `NOT EXISTS (SELECT FROM ${one} WHERE is_full)`),
  ]
  return `${name} AS (
  INSERT INTO public.integration_start_counters AS counter (bucket, count, window_ends_at)
  SELECT ${bucket}, 1, clock_timestamp() + ${length} WHERE ${conditions.join(' AND ')}
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE WHEN ${isOver} THEN 1 ELSE least(counter.count, ${most}) + 1 END,
    window_ends_at = CASE WHEN ${isOver} THEN excluded.window_ends_at ELSE counter.window_ends_at END
  RETURNING count > ${most} AS is_full, window_ends_at
)`
}

const ADMIT = `
WITH ${counting('of_initiator', 1, [])},
${counting('of_tenant', 4, ['of_initiator'])},
${counting('of_states', 7, ['of_initiator', 'of_tenant'])},
swept AS (
  DELETE FROM public.integration_start_counters WHERE bucket = ANY (ARRAY(
    SELECT bucket FROM public.integration_start_counters
    WHERE window_ends_at <= statement_timestamp() AND (bucket IN ($1, $4, $7)) IS NOT TRUE
    LIMIT 8 FOR UPDATE SKIP LOCKED))
)
SELECT ceil(extract(epoch FROM max(window_ends_at) - clock_timestamp()) * 1000)::int AS wait_ms
FROM (TABLE of_initiator UNION ALL TABLE of_tenant UNION ALL TABLE of_states) AS counted
WHERE is_full`

/**
 * Counts starts in Postgres, by its clock, in one statement. Buckets are counted one after the other, always in the
 * same order, and those behind a full one are left alone: what is refused uses up nothing of anybody else's.
 */
export class PostgresStartLimiter implements StartLimiter {
  readonly #statements: SingleStatements
  readonly #windows: readonly StartWindow[]

  constructor(options: StatementPoolOptions & { readonly limits?: Partial<StartLimits> | undefined }) {
    this.#statements = new SingleStatements(options)
    this.#windows = startWindows(options.limits)
  }

  async admit({ tenantId, initiatorHash }: StartRequest): Promise<Admission> {
    const tenant = hashOf(tenantId)
    const values = this.#windows.flatMap(({ of, most, lengthMs }) => {
      if (of !== 'initiator') return [`${of}:${tenant}`, most, lengthMs]
      return [initiatorHash === undefined ? null : `${of}:${tenant}:${initiatorHash}`, most, lengthMs]
    })
    const [row] = await this.#statements.run<{ wait_ms: number | null }>(ADMIT, values)
    const waitMs = row?.wait_ms ?? null
    return waitMs === null ? { admitted: true } : { admitted: false, retryAfterMs: Math.max(waitMs, 1) }
  }
}

/** Counters name no tenant, and a long id makes no long key. */
function hashOf(tenantId: string): string {
  return hash('sha256', tenantId, 'base64url').slice(0, 22)
}
