import { StoreUnavailableError } from '../../domain/errors.ts'
import type { ReauthReason } from '../../domain/model/connection.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { AppPause } from '../../ports/provider-apps.ts'
import type {
  ClaimRequest,
  RefreshedTokens,
  RefreshLease,
  RefreshLeases,
  ReleaseReason,
  SealedCandidate,
  StoreOutcome,
} from '../../ports/refresh-leases.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { endLease, grantOf, HELD_AND_CURRENT, OF_GRANT } from './held-lease.ts'
import { claimTerms, toLease } from './lease-row.ts'
import type { LeaseRow } from './lease-row.ts'
import { LostClaims } from './lost-claims.ts'
import { prepared } from './postgres-pool.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { toPause } from './provider-apps.ts'
import { SingleStatements } from './single-statement.ts'
import { storableMs } from './storable.ts'
import { storableResult, storeTogether } from './storing-tokens.ts'
import type { StorableResult, StoreAnswer } from './storing-tokens.ts'
import { asTenant } from './tenant-transaction.ts'

const CLAIM = prepared(
  'SELECT * FROM public.integrations_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
)

/** As if the claim had never been made. */
const UNCLAIM = `
UPDATE public.integration_connections c SET
  lease_owner = NULL,
  lease_until = NULL,
  attempt_no = greatest(c.attempt_no - 1, 0),
  hour_attempts = greatest(c.hour_attempts - 1, 0),
  next_attempt_at = NULL
WHERE c.tenant_id = $1 AND c.provider = $2 AND c.label = $3 AND c.lease_owner = $4 AND c.lease_until IS NOT NULL`

const KEEP_CANDIDATE = `
UPDATE public.integration_connections c SET
  candidates = c.candidates || $6::jsonb,
  status = CASE c.status WHEN 'needs_reauth' THEN c.status_when_healed ELSE c.status END,
  reauth_reason = NULL,
  last_error_code = CASE c.status WHEN 'needs_reauth' THEN NULL ELSE c.last_error_code END,
  last_error_at = CASE c.status WHEN 'needs_reauth' THEN NULL ELSE c.last_error_at END
WHERE ${OF_GRANT} AND NOT c.candidates @> jsonb_build_array(jsonb_build_object('id', $7::text))`

const FIND_GRANT = `SELECT FROM public.integration_connections c WHERE ${OF_GRANT}`

const NEXT_ATTEMPT_AT = `
coalesce(clock_timestamp() + $8::double precision * interval '1 millisecond', c.next_attempt_at)`

// What may be tried again at once keeps its place among what is due.
const RELEASE = `
UPDATE public.integration_connections c SET
  lease_owner = NULL,
  lease_until = NULL,
  attempt_no = greatest(c.attempt_no - $11::integer, 0),
  hour_attempts = greatest(c.hour_attempts - $11::integer, 0),
  next_attempt_at = ${NEXT_ATTEMPT_AT},
  due_at = CASE WHEN $8::double precision = 0 THEN c.due_at ELSE greatest(c.due_at, ${NEXT_ATTEMPT_AT}) END,
  uncertain_since = CASE WHEN $9::boolean THEN coalesce(c.uncertain_since, clock_timestamp()) ELSE c.uncertain_since END,
  last_error_code = CASE WHEN $12::boolean THEN NULL ELSE coalesce($10::text, c.last_error_code) END,
  last_error_at = CASE
    WHEN $12::boolean THEN NULL WHEN $10::text IS NULL THEN c.last_error_at ELSE clock_timestamp() END,
  updated_at = CASE WHEN $10::text IS NULL THEN c.updated_at ELSE clock_timestamp() END
WHERE ${HELD_AND_CURRENT}`

const SUSPECT = `
UPDATE public.integration_connections c SET
  lease_owner = NULL,
  lease_until = NULL,
  next_attempt_at = NULL,
  suspect_until = clock_timestamp() + $8::double precision * interval '1 millisecond',
  due_at = greatest(c.due_at, clock_timestamp() + $8::double precision * interval '1 millisecond'),
  last_error_code = 'refresh_pending',
  last_error_at = clock_timestamp(),
  updated_at = clock_timestamp()
WHERE ${HELD_AND_CURRENT}`

const CONDEMN = `
UPDATE public.integration_connections c SET
  status = 'needs_reauth',
  reauth_reason = $8,
  last_error_code = 'reauthorization_required',
  last_error_at = clock_timestamp(),
  row_version = c.row_version + 1,
  lease_owner = NULL,
  lease_until = NULL,
  updated_at = clock_timestamp()
WHERE ${OF_GRANT} AND c.lease_epoch = $6 AND c.token_version = $7 AND jsonb_array_length(c.candidates) = $9`

/** What is ready while one group is being committed is the next: a second on its way would only make both smaller. */
const STORE_GROUPS = { maxCalls: 100, maxGroups: 1 }

/** Refresh leases as columns of the connection's row, on the database's clock. */
export class PostgresRefreshLeases implements RefreshLeases {
  readonly #pool: PostgresPool
  readonly #statements: SingleStatements
  readonly #stores: GroupedCalls<StorableResult, StoreAnswer>
  readonly #lost = new LostClaims()

  constructor(options: { readonly pool: PostgresPool }) {
    this.#pool = options.pool
    this.#statements = new SingleStatements(options)
    this.#stores = new GroupedCalls((results) => storeTogether(this.#statements, results), STORE_GROUPS)
  }

  async claim(
    connection: ConnectionKey,
    tokenVersion: number,
    request: ClaimRequest,
  ): Promise<RefreshLease | AppPause | undefined> {
    const { tenantId, provider, label } = connection
    const { owner, ttl_ms, base_ms, cap_ms, jitter, max_attempts, client_id, max_wait_ms } =
      claimTerms(request)
    const key = [tenantId, provider, label, tokenVersion]
    const terms = [owner, ttl_ms, base_ms, cap_ms, jitter, max_attempts, client_id, max_wait_ms]
    const values = [...key, ...terms]
    const giveBack = (): void => this.#lost.add(() => this.#unclaim(connection, owner), request.leaseTtlMs)
    const [row] = await this.#statements.run<LeaseRow>(CLAIM, values, {
      late: (rows) => {
        if (rows.some((late) => toPause(late) === undefined)) giveBack()
      },
      lost: giveBack,
    })
    return row === undefined ? undefined : (toPause(row) ?? toLease(row))
  }

  /** Nobody works under this lease: everybody would wait for it to end. */
  async #unclaim({ tenantId, provider, label }: ConnectionKey, owner: string): Promise<number> {
    const values = [tenantId, provider, label, owner]
    return asTenant(this.#pool, tenantId, async (client) => {
      return (await client.query(UNCLAIM, values)).rowCount ?? 0
    })
  }

  async store(lease: RefreshLease, result: RefreshedTokens): Promise<StoreOutcome> {
    const answer = await this.#stores.call(storableResult(lease, result))
    if (answer === 'busy') {
      throw new StoreUnavailableError('Postgres', 'another transaction holds the connection; call again')
    }
    return answer
  }

  async keepCandidate(lease: RefreshLease, candidate: SealedCandidate): Promise<boolean> {
    const grant = [...grantOf(lease)]
    const values = [...grant, JSON.stringify([candidate]), candidate.id]
    return asTenant(this.#pool, lease.tenantId, async (client) => {
      if ((await client.query(KEEP_CANDIDATE, values)).rowCount === 1) return true
      // The same id comes again when an acknowledgement was lost.
      return (await client.query(FIND_GRANT, grant)).rowCount === 1
    })
  }

  async release(lease: RefreshLease, reason: ReleaseReason): Promise<void> {
    const { errorCode, retryInMs, isUncertain, isUncounted } = reason
    const retry = retryInMs === undefined ? null : storableMs(retryInMs)
    const uncounted = isUncounted === true ? 1 : 0
    const facts = [retry, isUncertain ?? false, errorCode ?? null, uncounted, errorCode === null]
    await endLease(this.#pool, lease, { statement: RELEASE, facts })
  }

  async suspect(lease: RefreshLease, forMs: number): Promise<void> {
    await endLease(this.#pool, lease, { statement: SUSPECT, facts: [storableMs(forMs)] })
  }

  async condemn(lease: RefreshLease, reason: ReauthReason): Promise<boolean> {
    const { epoch, tokenVersion, candidates } = lease
    const seen = [epoch, tokenVersion, reason, candidates.length]
    return asTenant(this.#pool, lease.tenantId, async (client) => {
      return (await client.query(CONDEMN, [...grantOf(lease), ...seen])).rowCount === 1
    })
  }
}
