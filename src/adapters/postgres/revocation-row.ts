import type { TenantId } from '../../domain/model/identifiers.ts'
import type { RetiredGrant, RevocationId } from '../../ports/pending-revocations.ts'
import type { SealedCandidate } from '../../ports/refresh-leases.ts'
import { toSealed, toSubject } from './connection-row.ts'
import type { SubjectRow } from './connection-row.ts'
import type { PostgresQueries } from './postgres-pool.ts'
import { storableTextOrNull } from './storable.ts'

/** What it takes to revoke a grant, as a connection or the queue holds it. */
export type RetiredRow = SubjectRow & {
  readonly tenant_id: TenantId
  readonly provider: string
  readonly label: string
  readonly connection_id: string
  readonly grant_id: string
  readonly token_version: number
  readonly client_id: string
  readonly access_token: string | null
  readonly refresh_token: string | null
  readonly candidates: readonly SealedCandidate[]
}

const QUEUE = `
INSERT INTO public.pending_revocations (tenant_id, provider, label, connection_id, grant_id, token_version, client_id,
  subject_issuer, subject_id, subject_name, access_token, refresh_token, candidates)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING id`

export function queueValues(grant: RetiredGrant): unknown[] {
  const { tenantId, provider, label, connectionId, grantId, tokenVersion, clientId, subject } = grant
  const key = [tenantId, provider, label, connectionId, grantId, tokenVersion, clientId]
  const person = [subject?.issuer, subject?.id, subject?.name].map(storableTextOrNull)
  const tokens = [grant.accessToken ?? null, grant.refreshToken ?? null, JSON.stringify(grant.candidates)]
  return [...key, ...person, ...tokens]
}

export async function queueRevocation(client: PostgresQueries, values: unknown[]): Promise<RevocationId> {
  const { rows } = await client.query<{ id: string }>(QUEUE, values)
  const [row] = rows
  if (row === undefined) throw new Error('The queue gave no id')
  return row.id
}

export function toRetiredGrant(row: RetiredRow): RetiredGrant {
  return {
    tenantId: row.tenant_id,
    provider: row.provider,
    label: row.label,
    connectionId: row.connection_id,
    grantId: row.grant_id,
    tokenVersion: row.token_version,
    clientId: row.client_id,
    subject: toSubject(row),
    accessToken: toSealed(row.access_token),
    refreshToken: toSealed(row.refresh_token),
    candidates: row.candidates,
  }
}
