import type { ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import { parseTenantId } from '../../domain/model/identifiers.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import type {
  AttentionRequest,
  DueBatch,
  DueConnections,
  DueRequest,
  GrantOwner,
  OwnedConnection,
  TroubledConnection,
} from '../../ports/due-connections.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { endLease, HELD_AND_CURRENT } from './held-lease.ts'
import { claimTerms, toLease } from './lease-row.ts'
import type { LeaseRow } from './lease-row.ts'
import { LostClaims } from './lost-claims.ts'
import { prepared } from './postgres-pool.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { retrying } from './retrying.ts'
import { SingleStatements } from './single-statement.ts'
import { storableMs, storableText } from './storable.ts'

// Named as `integrations_leased` takes them back.
const CLAIM_DUE = prepared(`
SELECT tenant_id AS tenant, provider, label, epoch, held_back_ms FROM public.integrations_claim_due($1, $2, $3::json)`)

const LEASED = prepared('SELECT * FROM public.integrations_leased($1::json)')

const GIVE_BACK = prepared('SELECT public.integrations_give_back($1::json) AS found')

const COUNT_DUE = prepared('SELECT provider, due FROM public.integrations_count_due($1)')

const NEEDING_ATTENTION = prepared(`
SELECT tenant_id, provider, label, status, reauth_reason, last_error_code, grant_expires_at
FROM public.integrations_needing_attention($1, $2, $3)`)

const CONNECTIONS_OF = prepared(`
SELECT tenant_id, provider, label, is_live FROM public.integrations_connections_of($1, $2, $3, $4)`)

const POSTPONE = `
UPDATE public.integration_connections c SET
  due_at = clock_timestamp() + $8::double precision * interval '1 millisecond',
  lease_owner = NULL, lease_until = NULL, attempt_no = 0, attempt_started_at = NULL, next_attempt_at = NULL,
  hour_started_at = NULL, hour_attempts = 0, suspect_until = NULL, last_error_code = NULL, last_error_at = NULL,
  last_sync_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE ${HELD_AND_CURRENT}`

/** A search over many rows takes longer than a statement about one. */
const SEARCH_TIMEOUT_MS = 10_000

const LEASED_RETRIES_MS = [50, 200]

/** Due connections of all tenants, found by a role that may read no secret. */
export class PostgresDueConnections implements DueConnections {
  readonly #pool: PostgresPool
  readonly #searches: SingleStatements
  readonly #statements: SingleStatements
  readonly #lost = new LostClaims()

  constructor({ pool }: { readonly pool: PostgresPool }) {
    this.#pool = pool
    this.#searches = new SingleStatements({ pool, timeoutMs: SEARCH_TIMEOUT_MS })
    this.#statements = new SingleStatements({ pool })
  }

  async claimDue({ limit, maxPerTenant, providers, claims }: DueRequest): Promise<DueBatch> {
    const terms = providers.flatMap((provider) => {
      const claim = claims[provider]
      return claim === undefined ? [] : [{ provider, ...claimTerms(claim) }]
    })
    if (terms.length === 0) return { leases: [] }
    const asked = JSON.stringify(terms)
    const giveBack = (): void =>
      this.#lost.add(() => this.#giveBack(asked), Math.max(...terms.map((term) => term.ttl_ms)))
    const rows = await this.#searches.run<DueRow>(CLAIM_DUE, [limit, maxPerTenant, asked], {
      late: (late) => {
        if (late.some(isLeased)) giveBack()
      },
      lost: giveBack,
    })
    const found = rows.filter(isLeased)
    const heldBackMs = rows.at(-1)?.held_back_ms ?? undefined
    if (found.length === 0) return { leases: [], heldBackMs }
    try {
      return { leases: await this.#read(found), heldBackMs }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  async #read(found: readonly DueRow[]): Promise<readonly RefreshLease[]> {
    const values = [JSON.stringify(found)]
    const leased = await retrying(() => this.#statements.run<LeaseRow>(LEASED, values), LEASED_RETRIES_MS)
    return leased.map(toLease)
  }

  /** Nobody works under these leases: whoever would was told that the claim failed. */
  async #giveBack(asked: string): Promise<number> {
    const [row] = await this.#searches.run<{ found: number }>(GIVE_BACK, [asked])
    return row?.found ?? 0
  }

  async postpone(lease: RefreshLease, dueInMs: number): Promise<boolean> {
    return endLease(this.#pool, lease, { statement: POSTPONE, facts: [storableMs(dueInMs)] })
  }

  async countDue(forMs: number): Promise<ReadonlyMap<ProviderName, number>> {
    const rows = await this.#searches.run<DueCount>(COUNT_DUE, [storableMs(forMs)])
    return new Map(rows.map(({ provider, due }) => [provider, due]))
  }

  async needingAttention({ limit, notice }: AttentionRequest): Promise<readonly TroubledConnection[]> {
    const values = [limit, notice.maxMs, notice.share]
    const rows = await this.#searches.run<TroubledRow>(NEEDING_ATTENTION, values)
    return rows.map((row) => ({
      tenantId: parseTenantId(row.tenant_id),
      provider: row.provider,
      label: row.label,
      status: row.status,
      reauthReason: row.reauth_reason ?? undefined,
      lastErrorCode: row.last_error_code ?? undefined,
      grantExpiresAt: row.grant_expires_at ?? undefined,
    }))
  }

  async connectionsOf({ provider, clientId, subject }: GrantOwner): Promise<readonly OwnedConnection[]> {
    const person = [storableText(subject.issuer), storableText(subject.id)]
    const rows = await this.#searches.run<OwnedRow>(CONNECTIONS_OF, [provider, clientId, ...person])
    return rows.map((row) => ({
      tenantId: parseTenantId(row.tenant_id),
      provider: row.provider,
      label: row.label,
      isLive: row.is_live,
    }))
  }
}

/** A leased connection; or last, without a key, when to ask again. */
interface DueRow extends Record<string, unknown> {
  readonly tenant: string | null
  readonly held_back_ms: number | null
}

function isLeased(row: DueRow): boolean {
  return row.tenant !== null
}

interface DueCount extends Record<string, unknown> {
  readonly provider: string
  readonly due: number
}

interface TroubledRow extends Record<string, unknown> {
  readonly tenant_id: string
  readonly provider: string
  readonly label: string
  readonly status: ConnectionStatus
  readonly reauth_reason: ReauthReason | null
  readonly last_error_code: string | null
  readonly grant_expires_at: number | null
}

interface OwnedRow extends Record<string, unknown> {
  readonly tenant_id: string
  readonly provider: string
  readonly label: string
  readonly is_live: boolean
}
