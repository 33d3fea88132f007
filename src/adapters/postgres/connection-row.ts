import type { AdAccount } from '../../domain/model/ad-account.ts'
import type {
  Connection,
  ConnectionDetails,
  ConnectionStatus,
  ProviderSubject,
  ReauthReason,
} from '../../domain/model/connection.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import { asSealed } from '../../ports/cipher.ts'
import type { Sealed } from '../../ports/cipher.ts'

/** Our own columns, as our own statements name them; the table's constraints hold the words of the unions. */
export type SubjectRow = {
  readonly subject_issuer: string | null
  readonly subject_id: string | null
  readonly subject_name: string | null
}

export type ConnectionRow = SubjectRow & {
  readonly tenant_id: TenantId
  readonly provider: string
  readonly label: string
  readonly id: string
  readonly grant_id: string
  readonly client_id: string
  readonly token_version: number
  readonly rejected_version: number | null
  readonly row_version: number
  readonly status: ConnectionStatus
  readonly reauth_reason: ReauthReason | null
  readonly scopes: readonly string[]
  readonly accounts: readonly AdAccount[]
  readonly selected_account_id: string | null
  readonly selected_account_name: string | null
  readonly details: ConnectionDetails
  readonly token_expires_at: number | null
  readonly refresh_expires_at: number | null
  readonly data_access_expires_at: number | null
  readonly last_error_code: string | null
  readonly last_error_at: number | null
  readonly last_sync_at: number | null
  readonly connected_at: number
  readonly updated_at: number
}

/** A time as milliseconds since 1970, whatever a host's pool makes of timestamps. */
function instant(column: string): string {
  return `floor(extract(epoch FROM c.${column}) * 1000)::double precision AS ${column}`
}

/** What is listed of a connection: no secret. */
export const CONNECTION_COLUMNS = `
c.tenant_id, c.provider, c.label, c.id, c.grant_id, c.client_id, c.token_version, c.rejected_version, c.row_version, c.status,
c.reauth_reason, c.subject_issuer, c.subject_id, c.subject_name, c.scopes, c.accounts, c.selected_account_id,
c.selected_account_name, c.details, c.last_error_code, ${[
  'token_expires_at',
  'refresh_expires_at',
  'data_access_expires_at',
  'last_error_at',
  'last_sync_at',
  'connected_at',
  'updated_at',
]
  .map(instant)
  .join(', ')}`

export function toConnection(row: ConnectionRow): Connection {
  const subject = toSubject(row)
  return {
    tenantId: row.tenant_id,
    provider: row.provider,
    label: row.label,
    id: row.id,
    grantId: row.grant_id,
    tokenVersion: row.token_version,
    rowVersion: row.row_version,
    clientId: row.client_id,
    status: row.status,
    ...(row.reauth_reason === null ? {} : { reauthReason: row.reauth_reason }),
    ...(subject === undefined ? {} : { subject }),
    scopes: row.scopes,
    accounts: row.accounts,
    ...(row.selected_account_id === null ? {} : { selectedAccountId: row.selected_account_id }),
    ...(row.selected_account_name === null ? {} : { selectedAccountName: row.selected_account_name }),
    details: row.details,
    ...(row.rejected_version === null ? {} : { rejectedVersion: row.rejected_version }),
    tokenExpiresAt: row.token_expires_at,
    refreshExpiresAt: row.refresh_expires_at,
    dataAccessExpiresAt: row.data_access_expires_at,
    ...(row.last_error_code === null ? {} : { lastErrorCode: row.last_error_code }),
    ...(row.last_error_at === null ? {} : { lastErrorAt: row.last_error_at }),
    lastSyncAt: row.last_sync_at,
    connectedAt: row.connected_at,
    updatedAt: row.updated_at,
  }
}

export function toSubject(row: SubjectRow): ProviderSubject | undefined {
  const { subject_issuer: issuer, subject_id: id, subject_name: name } = row
  if (issuer === null || id === null) return undefined
  return { issuer, id, ...(name === null ? {} : { name }) }
}

export function toSealed(text: string | null): Sealed | undefined {
  return text === null ? undefined : asSealed(text)
}
