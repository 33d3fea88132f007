import type { Connection } from '../../domain/model/connection.ts'
import { isProviderName } from '../../domain/model/identifiers.ts'
import type { ConnectionKey, TenantId } from '../../domain/model/identifiers.ts'
import type {
  ConnectionFilter,
  ConnectionPatch,
  Disconnection,
  NewGrant,
  Replacement,
  Retirement,
  SaveOutcome,
  TokenReading,
  TokenStore,
} from '../../ports/token-store.ts'
import { changeStatement } from './changing.ts'
import { CONNECTION_COLUMNS, toConnection } from './connection-row.ts'
import type { ConnectionRow } from './connection-row.ts'
import { GroupedReads } from './grouped-reads.ts'
import type { PostgresPool } from './postgres-pool.ts'
import type { PostgresReadLane } from './read-lane.ts'
import { queueRevocation, queueValues, toRetiredGrant } from './revocation-row.ts'
import type { RetiredRow } from './revocation-row.ts'
import { insertFirst, replaceExpected, RETIRED_COLUMNS, saveValues } from './saving.ts'
import { SingleStatements } from './single-statement.ts'
import { asTenant } from './tenant-transaction.ts'
import type { ReadRow } from './token-reading.ts'

const LIST = `
SELECT ${CONNECTION_COLUMNS} FROM public.integration_connections c
WHERE c.tenant_id = $1 AND ($2::text IS NULL OR c.provider = $2) AND ($3::text IS NULL OR c.label = $3)
ORDER BY c.provider, c.label`

const LOCK_LIVE = `
SELECT ${RETIRED_COLUMNS} FROM public.integration_connections c
WHERE c.tenant_id = $1 AND c.provider = $2 AND c.label = $3 AND c.status <> 'disconnected'
FOR UPDATE`

const DISCONNECT = `
UPDATE public.integration_connections c SET
  status = 'disconnected', reauth_reason = NULL, access_token = NULL, refresh_token = NULL,
  previous_refresh_token = NULL, candidates = '[]', token_lifetime_ms = NULL, token_expires_at = NULL,
  refresh_expires_at = NULL, data_access_expires_at = NULL, lease_owner = NULL, lease_until = NULL, attempt_no = 0,
  attempt_started_at = NULL, next_attempt_at = NULL, hour_started_at = NULL, hour_attempts = 0, uncertain_since = NULL,
  suspect_until = NULL, last_error_code = NULL, last_error_at = NULL, subject_issuer = NULL, subject_id = NULL,
  subject_name = NULL, scopes = '{}', accounts = '[]', selected_account_id = NULL, selected_account_name = NULL,
  details = '{}', row_version = c.row_version + 1, updated_at = clock_timestamp()
WHERE c.tenant_id = $1 AND c.provider = $2 AND c.label = $3`

const DELETE_TENANT = `
DELETE FROM public.integration_connections WHERE tenant_id = $1 AND status = 'disconnected'`

/** Of the pool's connections no more are taken by hot reads; those that come meanwhile travel together. */
const READS_UNDER_WAY = 2

/** Connections in Postgres, kept apart by row-level security whoever the host logs in as. */
export class PostgresTokenStore implements TokenStore {
  readonly #pool: PostgresPool
  readonly #lane: PostgresReadLane | undefined
  readonly #reads: GroupedReads

  /** With a `lane`, which reaches the same database, the hot read goes over it. */
  constructor(options: { readonly pool: PostgresPool; readonly lane?: PostgresReadLane | undefined }) {
    this.#pool = options.pool
    this.#lane = options.lane
    const statements = new SingleStatements(options)
    this.#reads = new GroupedReads(async (statement, values) => {
      const [row] = await statements.run<ReadRow>(statement, values)
      return row?.answer ?? null
    }, READS_UNDER_WAY)
  }

  async read(key: ConnectionKey): Promise<TokenReading | undefined> {
    // What no provider is called is not asked for: text that Postgres refuses would be refused for a whole group.
    if (!isProviderName(key.provider)) return undefined
    return (await (this.#lane ?? this.#reads).read(key)) ?? undefined
  }

  async list(tenantId: TenantId, filter: ConnectionFilter = {}): Promise<readonly Connection[]> {
    const values = [tenantId, filter.provider ?? null, filter.label ?? null]
    return asTenant(this.#pool, tenantId, async (client) => {
      const { rows } = await client.query<ConnectionRow>(LIST, values)
      return rows.map(toConnection)
    })
  }

  async save(grant: NewGrant, replacement?: Replacement): Promise<SaveOutcome> {
    const values = saveValues(grant)
    return asTenant(this.#pool, grant.tenantId, async (client): Promise<SaveOutcome> => {
      if (replacement === undefined) return { saved: await insertFirst(client, values) }
      const replaced = await replaceExpected(client, replacement.expected, values)
      if (replaced === undefined) return { saved: false }
      if (replaced.retired === undefined || !replacement.queueForRevocation) return { saved: true }
      const revocation = await queueRevocation(client, queueValues(replaced.retired))
      return { saved: true, revocation }
    })
  }

  async change(connection: Connection, patch: ConnectionPatch): Promise<boolean> {
    const { text, values } = changeStatement(connection, patch)
    return asTenant(this.#pool, connection.tenantId, async (client) => {
      return (await client.query(text, values)).rowCount === 1
    })
  }

  async disconnect(
    { tenantId, provider, label }: ConnectionKey,
    { queueForRevocation }: Retirement,
  ): Promise<Disconnection | undefined> {
    const key = [tenantId, provider, label]
    return asTenant(this.#pool, tenantId, async (client) => {
      const [row] = (await client.query<RetiredRow>(LOCK_LIVE, key)).rows
      if (row === undefined) return undefined
      await client.query(DISCONNECT, key)
      const grant = toRetiredGrant(row)
      const { connectionId } = grant
      if (!queueForRevocation) return { connectionId }
      return { connectionId, revocation: await queueRevocation(client, queueValues(grant)) }
    })
  }

  async deleteTenant(tenantId: TenantId): Promise<number> {
    return asTenant(this.#pool, tenantId, async (client) => {
      return (await client.query(DELETE_TENANT, [tenantId])).rowCount ?? 0
    })
  }
}
