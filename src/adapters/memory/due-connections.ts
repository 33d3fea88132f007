import { isLive, needsAttention } from '../../domain/model/connection.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { grantExpiresAt, isGrantExpiring } from '../../domain/model/grant-end.ts'
import type { ConnectionKey, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import { turnSpacingMs } from '../../domain/model/request-budget.ts'
import type { Instant } from '../../domain/model/time.ts'
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
import { claimRow, heldRow, mayClaim } from './claiming.ts'
import { untried } from './connection-row.ts'
import type { ConnectionRow } from './connection-row.ts'
import type { MemoryDatabase, MemoryTables } from './memory-database.ts'
import { claimPause, turnsWithin } from './provider-apps.ts'

/** Due connections in memory; see MemoryDatabase. */
export class MemoryDueConnections implements DueConnections {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async claimDue(request: DueRequest): Promise<DueBatch> {
    return this.#database.transact(request, (own, tables, now) => {
      const paces = pacesOf(own, tables, now)
      const claimable = tables
        .connections()
        .filter((row) => isDue(row, own.providers, now))
        .filter((row) => {
          const claim = own.claims[row.connection.provider]
          return claim !== undefined && mayClaim(row, claim, now)
        })
        .sort((a, b) => a.dueAt - b.dueAt)
      const leases: RefreshLease[] = []
      const share = fairShare(claimable, own, paces)
      for (const row of share) {
        const claim = own.claims[row.connection.provider]
        const lease = claim === undefined ? undefined : claimRow(tables, row, claim, now)
        if (lease !== undefined) leases.push(lease)
      }
      const waits = claimable.flatMap((row) => {
        const pace = paces.get(row.connection.provider)
        return share.has(row) || pace === undefined || pace.turns > 0 ? [] : [pace.waitMs]
      })
      return waits.length === 0 ? { leases } : { leases, heldBackMs: Math.min(...waits) }
    })
  }

  async postpone(lease: RefreshLease, dueInMs: number): Promise<boolean> {
    return this.#database.transact(lease, (own, tables, now) => {
      const row = heldRow(tables, own)
      if (row === undefined) return false
      if (row.connection.tokenVersion !== own.tokenVersion) {
        tables.put({ ...row, refresh: { ...row.refresh, lease: undefined } })
        return false
      }
      const { lastErrorCode: _code, lastErrorAt: _at, ...rest } = row.connection
      const { epoch, isUncertain } = row.refresh
      tables.put({
        ...row,
        connection: { ...rest, lastSyncAt: now, updatedAt: now },
        dueAt: now + dueInMs,
        refresh: { ...untried(epoch), isUncertain },
      })
      return true
    })
  }

  async countDue(forMs: number): Promise<ReadonlyMap<ProviderName, number>> {
    return this.#database.transact(forMs, (ms, tables, now) => {
      const counts = new Map<ProviderName, number>()
      for (const { connection, dueAt } of tables.connections()) {
        if (!isLive(connection.status) || dueAt > now - ms) continue
        counts.set(connection.provider, (counts.get(connection.provider) ?? 0) + 1)
      }
      return counts
    })
  }

  async needingAttention(request: AttentionRequest): Promise<readonly TroubledConnection[]> {
    return this.#database.transact(request, ({ notice, limit }, tables, now) =>
      tables
        .connections()
        .map(({ connection }) => troubled(connection, notice, now))
        .filter(({ status, lastErrorCode, grantExpiresAt: end }) =>
          needsAttention({ status, hasFailed: lastErrorCode !== undefined, isExpiring: end !== undefined }),
        )
        .sort(byKey)
        .slice(0, limit),
    )
  }

  async connectionsOf(owner: GrantOwner): Promise<readonly OwnedConnection[]> {
    return this.#database.transact(owner, (own, tables) =>
      tables
        .connections()
        .map((row) => row.connection)
        .filter(
          (connection) =>
            connection.status !== 'disconnected' &&
            connection.provider === own.provider &&
            connection.clientId === own.clientId &&
            connection.subject?.issuer === own.subject.issuer &&
            connection.subject.id === own.subject.id,
        )
        .map(({ tenantId, provider, label, status }) => ({
          tenantId,
          provider,
          label,
          isLive: isLive(status),
        })),
    )
  }
}

function troubled(
  connection: Connection,
  notice: AttentionRequest['notice'],
  now: Instant,
): TroubledConnection {
  const { tenantId, provider, label, status, reauthReason, lastErrorCode, connectedAt } = connection
  const end = grantExpiresAt(connection)
  const isNear = isGrantExpiring(end, connectedAt, now, notice)
  return {
    ...{ tenantId, provider, label, status, reauthReason, lastErrorCode },
    grantExpiresAt: isNear && end !== null ? end : undefined,
  }
}

/** As a database orders text that it takes for bytes. */
function byKey(left: ConnectionKey, right: ConnectionKey): number {
  for (const part of ['tenantId', 'provider', 'label'] as const) {
    const order = Buffer.compare(Buffer.from(left[part]), Buffer.from(right[part]))
    if (order !== 0) return order
  }
  return 0
}

function isDue(row: ConnectionRow, providers: readonly ProviderName[], now: Instant): boolean {
  return isLive(row.connection.status) && row.dueAt <= now && providers.includes(row.connection.provider)
}

/** How many may be claimed for an app, and when it is worth asking again once those are taken. */
interface Pace {
  turns: number
  readonly waitMs: number
}

function pacesOf(
  { providers, claims }: DueRequest,
  tables: MemoryTables,
  now: Instant,
): ReadonlyMap<ProviderName, Pace> {
  const paces = new Map<ProviderName, Pace>()
  for (const provider of providers) {
    const claim = claims[provider]
    if (claim === undefined) continue
    const pause = claimPause(tables, claim, now)
    const waitMs = pause?.forMs ?? turnSpacingMs(claim.app.requestsPerSecond ?? Infinity)
    paces.set(provider, { turns: pause === undefined ? turnsWithin(tables, claim, now) : 0, waitMs })
  }
  return paces
}

/** What no other tenant waits for goes to those who have had their part. */
function fairShare(
  rows: readonly ConnectionRow[],
  { limit, maxPerTenant }: DueRequest,
  paces: ReadonlyMap<ProviderName, Pace>,
): ReadonlySet<ConnectionRow> {
  const taken = new Map<TenantId, number>()
  const share = new Set<ConnectionRow>()
  for (const most of [maxPerTenant, limit]) {
    for (const row of rows) {
      if (share.size >= limit) return share
      const { provider, tenantId } = row.connection
      const pace = paces.get(provider)
      const count = taken.get(tenantId) ?? 0
      if (share.has(row) || pace === undefined || pace.turns <= 0 || count >= most) continue
      pace.turns -= 1
      taken.set(tenantId, count + 1)
      share.add(row)
    }
  }
  return share
}
