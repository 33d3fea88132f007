import type { TenantId } from '../../domain/model/identifiers.ts'
import type {
  DueRevocation,
  PendingRevocations,
  RetiredGrant,
  RevocationId,
  RevocationOutcome,
} from '../../ports/pending-revocations.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { queueRevocation, queueValues, toRetiredGrant } from './revocation-row.ts'
import type { RetiredRow } from './revocation-row.ts'
import { SingleStatements } from './single-statement.ts'
import { storableMs } from './storable.ts'
import { asTenant } from './tenant-transaction.ts'

const CLAIM = 'SELECT id, tenant_id FROM public.integrations_claim_revocations($1, $2)'

const READ = `
SELECT tenant_id, provider, label, connection_id, grant_id, token_version, client_id, subject_issuer, subject_id,
  subject_name, access_token, refresh_token, candidates
FROM public.pending_revocations WHERE tenant_id = $1 AND id = $2`

const REMOVE = 'DELETE FROM public.pending_revocations WHERE tenant_id = $1 AND id = $2'

const REMOVE_HOPELESS = `${REMOVE} AND added_at <= clock_timestamp() - interval '30 days'`

const RETRY = `
UPDATE public.pending_revocations SET due_at = clock_timestamp() + $3::double precision * interval '1 millisecond'
WHERE tenant_id = $1 AND id = $2`

/** The revocation queue in Postgres. Secrets are read as their tenant; whoever asks what is due sees ids. */
export class PostgresPendingRevocations implements PendingRevocations {
  readonly #pool: PostgresPool
  readonly #statements: SingleStatements

  constructor(options: { readonly pool: PostgresPool }) {
    this.#pool = options.pool
    this.#statements = new SingleStatements(options)
  }

  async add(grant: RetiredGrant): Promise<RevocationId> {
    const values = queueValues(grant)
    return asTenant(this.#pool, grant.tenantId, (client) => queueRevocation(client, values))
  }

  async claimDue(limit: number, leaseMs: number): Promise<readonly DueRevocation[]> {
    const rows = await this.#statements.run<{ id: string; tenant_id: TenantId }>(CLAIM, [
      limit,
      storableMs(leaseMs),
    ])
    return rows.map(({ id, tenant_id: tenantId }) => ({ id, tenantId }))
  }

  async read(tenantId: TenantId, id: RevocationId): Promise<RetiredGrant | undefined> {
    return asTenant(this.#pool, tenantId, async (client) => {
      const [row] = (await client.query<RetiredRow>(READ, [tenantId, id])).rows
      return row === undefined ? undefined : toRetiredGrant(row)
    })
  }

  async settle(tenantId: TenantId, id: RevocationId, outcome: RevocationOutcome): Promise<void> {
    const retryInMs = outcome.done ? undefined : storableMs(outcome.retryInMs)
    await asTenant(this.#pool, tenantId, async (client) => {
      if (retryInMs === undefined) {
        await client.query(REMOVE, [tenantId, id])
        return
      }
      const { rowCount } = await client.query(REMOVE_HOPELESS, [tenantId, id])
      if (rowCount === 0) await client.query(RETRY, [tenantId, id, retryInMs])
    })
  }
}
