import type { ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import type { ConnectionKey, ProviderName } from '../../domain/model/identifiers.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { toSealed } from './connection-row.ts'

export type ReadingRow = {
  readonly connection_id: string
  readonly grant_id: string
  readonly token_version: number
  readonly status: ConnectionStatus
  readonly reauth_reason: ReauthReason | null
  readonly access_token: string | null
  readonly remaining_ms: number | null
  readonly lifetime_ms: number | null
  readonly lease_ms: number | null
  readonly next_attempt_ms: number | null
  readonly last_error_code: string | null
}

/** The hot read of one partition. */
export interface ReadStatement {
  readonly name: string
  readonly text: string
}

/** The partition is named by us, from this list alone; a provider is only ever a parameter. */
const PARTITIONS: ReadonlyMap<ProviderName, string> = new Map([
  ['meta', 'meta_ad_connections'],
  ['google_ads', 'google_ads_connections'],
  ['tiktok', 'tiktok_ad_connections'],
  ['klaviyo', 'klaviyo_connections'],
])

const STATEMENTS: ReadonlyMap<ProviderName, ReadStatement> = new Map(
  [...PARTITIONS].map(([provider, partition]) => [provider, readFrom(partition)]),
)
const OTHERS = readFrom('other_connections')

function readFrom(partition: string): ReadStatement {
  const name = `integrations_read_${partition}`
  return { name, text: `SELECT * FROM public.${name}($1, $2, $3)` }
}

export function readStatement(provider: ProviderName): ReadStatement {
  return STATEMENTS.get(provider) ?? OTHERS
}

export function readValues({ tenantId, provider, label }: ConnectionKey): [string, string, string] {
  return [tenantId, provider, label]
}

export function toReading(row: ReadingRow): TokenReading {
  return {
    connectionId: row.connection_id,
    grantId: row.grant_id,
    tokenVersion: row.token_version,
    status: row.status,
    reauthReason: row.reauth_reason ?? undefined,
    accessToken: toSealed(row.access_token),
    remainingMs: row.remaining_ms,
    lifetimeMs: row.lifetime_ms,
    leaseMs: row.lease_ms ?? 0,
    nextAttemptMs: row.next_attempt_ms ?? 0,
    lastErrorCode: row.last_error_code ?? undefined,
  }
}
