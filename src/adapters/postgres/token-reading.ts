import type { ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import type { ConnectionKey, ProviderName } from '../../domain/model/identifiers.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { toSealed } from './connection-row.ts'
import { prepared } from './postgres-pool.ts'
import type { PreparedStatement } from './postgres-pool.ts'

/** The hot read of one partition, for one key and for many. */
export interface PartitionReads {
  readonly one: PreparedStatement
  readonly many: PreparedStatement
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
    one: prepared(`SELECT public.${one}($1, $2, $3) AS answer`),
    many: prepared(`SELECT public.${many}($1, $2, $3) AS answer`),
  }
}

export function readsFor(provider: ProviderName): PartitionReads {
  return READS.get(provider) ?? OTHER_READS
}

export function keyValues({ tenantId, provider, label }: ConnectionKey): [string, string, string] {
  return [tenantId, provider, label]
}

export function keyLists(keys: readonly ConnectionKey[]): [string, string, string] {
  return [
    listLiteral(keys.map(({ tenantId }) => tenantId)),
    listLiteral(keys.map(({ provider }) => provider)),
    listLiteral(keys.map(({ label }) => label)),
  ]
}

/** As Postgres reads a `text[]`: whatever is quoted is a value, and no syntax. */
function listLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/** `null`: there is no such connection of this tenant. */
export function parseReading(answer: string | null): TokenReading | null {
  const tuple = answer === null ? undefined : parse(answer)
  return isTuple(tuple) ? toReading(tuple) : null
}

/** Each at the place of its key; `null` where there is no such connection. */
export function parseReadings(answer: string | null, count: number): readonly (TokenReading | null)[] {
  const readings: (TokenReading | null)[] = new Array<null>(count).fill(null)
  const found = answer === null ? [] : parse(answer)
  if (!Array.isArray(found)) return readings
  for (const placed of found as readonly unknown[]) {
    if (!Array.isArray(placed)) continue
    const [place, ...tuple] = placed as readonly unknown[]
    if (typeof place === 'number' && isTuple(tuple)) readings[place - 1] = toReading(tuple)
  }
  return readings
}

/** In the order in which the functions give them. Of an active connection that nothing happens to, the first six. */
type ReadingTuple = readonly [
  connectionId: string,
  grantId: string,
  tokenVersion: number,
  accessToken: string | null,
  remainingMs: number | null,
  lifetimeMs: number | null,
  status?: ConnectionStatus,
  reauthReason?: ReauthReason | null,
  leaseMs?: number | null,
  nextAttemptMs?: number | null,
  lastErrorCode?: string | null,
]
const LENGTHS: readonly number[] = [6, 11]

function toReading(tuple: ReadingTuple): TokenReading {
  return {
    connectionId: tuple[0],
    grantId: tuple[1],
    tokenVersion: tuple[2],
    status: tuple[6] ?? 'active',
    reauthReason: tuple[7] ?? undefined,
    accessToken: toSealed(tuple[3]),
    remainingMs: tuple[4],
    lifetimeMs: tuple[5],
    leaseMs: Math.max(tuple[8] ?? 0, 0),
    nextAttemptMs: Math.max(tuple[9] ?? 0, 0),
    lastErrorCode: tuple[10] ?? undefined,
  }
}

function isTuple(value: unknown): value is ReadingTuple {
  return Array.isArray(value) && LENGTHS.includes(value.length)
}

function parse(answer: string): unknown {
  return JSON.parse(answer)
}
