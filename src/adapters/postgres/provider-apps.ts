import { turnSpacingMs } from '../../domain/model/request-budget.ts'
import type {
  AppPause,
  BudgetedApp,
  ProviderApp,
  ProviderApps,
  Suspension,
} from '../../ports/provider-apps.ts'
import { SingleStatements } from './single-statement.ts'
import type { StatementPoolOptions } from './single-statement.ts'
import { storableMs } from './storable.ts'

const SUSPEND = `
INSERT INTO public.provider_apps AS a (provider, client_id, paused_until, pause_reason)
VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond', $4)
ON CONFLICT (provider, client_id) DO UPDATE
SET paused_until = excluded.paused_until, pause_reason = excluded.pause_reason
WHERE a.paused_until IS NULL OR a.paused_until < excluded.paused_until`

/** One row for all processes: each waits for the one before and takes the turn behind it. */
const TAKE_TURN = `
INSERT INTO public.provider_apps AS a (provider, client_id, next_request_at)
VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond')
ON CONFLICT (provider, client_id) DO UPDATE
SET next_request_at = greatest(a.next_request_at, clock_timestamp()) + $3::double precision * interval '1 millisecond'
WHERE (a.paused_until IS NULL OR a.paused_until <= clock_timestamp())
  AND (a.next_request_at IS NULL
    OR a.next_request_at <= clock_timestamp() + $4::double precision * interval '1 millisecond')
RETURNING greatest(0, date_part('epoch', next_request_at - clock_timestamp()) * 1000 - $3::double precision) AS wait_ms`

/** What a claim finds out by itself. */
const PAUSE_OF = `
SELECT
  CASE WHEN a.paused_until > at.now THEN a.pause_reason ELSE 'budget' END AS pause_reason,
  1000 * date_part('epoch', CASE
    WHEN a.paused_until > at.now THEN a.paused_until
    ELSE a.next_request_at - $3::double precision * interval '1 millisecond'
  END - at.now) AS pause_ms
FROM public.provider_apps a, (SELECT clock_timestamp() AS now) at
WHERE a.provider = $1 AND a.client_id = $2
  AND (a.paused_until > at.now OR a.next_request_at > at.now + $3::double precision * interval '1 millisecond')`

/** Columns of each answer to a claim, empty unless it has to wait. */
export type PauseRow = {
  readonly pause_reason: AppPause['reason'] | null
  readonly pause_ms: number | null
}

/** Provider apps as rows that all processes share, on the database's clock. */
export class PostgresProviderApps implements ProviderApps {
  readonly #statements: SingleStatements

  constructor(options: StatementPoolOptions) {
    this.#statements = new SingleStatements(options)
  }

  async suspend({ provider, clientId }: ProviderApp, { reason, forMs }: Suspension): Promise<void> {
    await this.#statements.run(SUSPEND, [provider, clientId, storableMs(forMs), reason])
  }

  async suspensionOf(app: ProviderApp): Promise<AppPause | undefined> {
    return this.#pauseOf(app, null)
  }

  async takeTurn(app: BudgetedApp, maxWaitMs: number): Promise<{ readonly waitMs: number } | AppPause> {
    const { provider, clientId, requestsPerSecond } = app
    const terms = [provider, clientId, turnSpacingMs(requestsPerSecond), maxWaitMs]
    const [turn] = await this.#statements.run<{ wait_ms: number }>(TAKE_TURN, terms)
    if (turn !== undefined) return { waitMs: turn.wait_ms }
    return (await this.#pauseOf(app, maxWaitMs)) ?? { reason: 'budget', forMs: 0 }
  }

  async #pauseOf(
    { provider, clientId }: ProviderApp,
    maxWaitMs: number | null,
  ): Promise<AppPause | undefined> {
    const [row] = await this.#statements.run<PauseRow>(PAUSE_OF, [provider, clientId, maxWaitMs])
    return row === undefined ? undefined : toPause(row)
  }
}

export function toPause({ pause_reason: reason, pause_ms: forMs }: PauseRow): AppPause | undefined {
  return reason === null || forMs === null ? undefined : { reason, forMs }
}
