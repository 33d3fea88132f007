import type { ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import type { ConnectionKey, ProviderName } from '../../domain/model/identifiers.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { toSealed } from './connection-row.ts'

/** A statement that is prepared once for each connection of the lane. */
export interface NamedStatement {
  readonly name: string
  readonly text: string
}

/** The hot read of one partition, for one key and for many. */
export interface PartitionReads {
  readonly one: NamedStatement
  readonly many: NamedStatement
}

export type ReadRow = { readonly answer: string | null }

/** The partition is named by us, from this list alone; a provider is only ever a parameter. */
const READS: ReadonlyMap<ProviderName, PartitionReads> = new Map(
  [
    ['meta', 'meta_ad_connections'],
    ['google_ads', 'google_ads_connections'],
    ['tiktok', 'tiktok_ad_connections'],
    ['klaviyo', 'klaviyo_connections'],
  ].map(([provider = '', partition = '']) => [provider, readsOf(partition)]),
)
const OTHER_READS = readsOf('other_connections')

function readsOf(partition: string): PartitionReads {
  const [one, many] = [`integrations_read_${partition}`, `integrations_read_many_${partition}`]
  return {
    one: { name: one, text: `SELECT public.${one}($1, $2, $3) AS answer` },
    many: { name: many, text: `SELECT public.${many}($1) AS answer` },
  }
}

export function readsFor(provider: ProviderName): PartitionReads {
  return READS.get(provider) ?? OTHER_READS
}

export function keyValues({ tenantId, provider, label }: ConnectionKey): [string, string, string] {
  return [tenantId, provider, label]
}

/** `null`: there is no such connection of this tenant. */
export function parseReading(answer: string | null): TokenReading | null {
  return answer === null ? null : toReading(parse(answer))
}

export function parseReadings(answer: string | null): readonly (TokenReading | null)[] {
  const readings = answer === null ? [] : parse(answer)
  return Array.isArray(readings) ? readings.map(toReading) : []
}

/** In the order in which the functions give them. */
type ReadingTuple = readonly [
  connectionId: string,
  grantId: string,
  tokenVersion: number,
  status: ConnectionStatus,
  reauthReason: ReauthReason | null,
  accessToken: string | null,
  remainingMs: number | null,
  lifetimeMs: number | null,
  leaseMs: number | null,
  nextAttemptMs: number | null,
  lastErrorCode: string | null,
]
const TUPLE_LENGTH = 11

function toReading(value: unknown): TokenReading | null {
  if (!isTuple(value)) return null
  const [connectionId, grantId, tokenVersion, status, reauthReason, accessToken, ...times] = value
  const [remainingMs, lifetimeMs, leaseMs, nextAttemptMs, lastErrorCode] = times
  return {
    connectionId,
    grantId,
    tokenVersion,
    status,
    reauthReason: reauthReason ?? undefined,
    accessToken: toSealed(accessToken),
    remainingMs,
    lifetimeMs,
    leaseMs: Math.max(leaseMs ?? 0, 0),
    nextAttemptMs: Math.max(nextAttemptMs ?? 0, 0),
    lastErrorCode: lastErrorCode ?? undefined,
  }
}

function isTuple(value: unknown): value is ReadingTuple {
  return Array.isArray(value) && value.length === TUPLE_LENGTH
}

function parse(answer: string): unknown {
  return JSON.parse(answer)
}
