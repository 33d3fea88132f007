import { isLive } from '../../domain/model/connection.ts'
import type { ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { DueConnections, DueRequest, GrantOwner, OwnedConnection } from '../../ports/due-connections.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { claimRow, heldRow, mayClaim } from './claiming.ts'
import { untried } from './connection-row.ts'
import type { ConnectionRow } from './connection-row.ts'
import type { MemoryDatabase } from './memory-database.ts'

/** Due connections in memory; see MemoryDatabase. */
export class MemoryDueConnections implements DueConnections {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async claimDue(request: DueRequest): Promise<readonly RefreshLease[]> {
    return this.#database.transact(request, (own, tables, now) => {
      const claimable = tables
        .connections()
        .filter((row) => isDue(row, own.providers, now))
        .filter((row) => {
          const claim = own.claims[row.connection.provider]
          return claim !== undefined && mayClaim(row, claim, now)
        })
        .sort((a, b) => a.dueAt - b.dueAt)
      const leases: RefreshLease[] = []
      for (const row of fairShare(claimable, own)) {
        const claim = own.claims[row.connection.provider]
        const lease = claim === undefined ? undefined : claimRow(tables, row, claim, now)
        if (lease !== undefined) leases.push(lease)
      }
      return leases
    })
  }

  async postpone(lease: RefreshLease, dueInMs: number): Promise<void> {
    return this.#database.transact(lease, (own, tables, now) => {
      const row = heldRow(tables, own)
      if (row === undefined) return
      const { lastErrorCode: _code, lastErrorAt: _at, ...rest } = row.connection
      const { epoch, isUncertain } = row.refresh
      tables.put({
        ...row,
        connection: { ...rest, lastSyncAt: now, updatedAt: now },
        dueAt: now + dueInMs,
        refresh: { ...untried(epoch), isUncertain },
      })
    })
  }

  async countDue(providers: readonly ProviderName[]): Promise<number> {
    return this.#database.transact(
      providers,
      (own, tables, now) => tables.connections().filter((row) => isDue(row, own, now)).length,
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

function isDue(row: ConnectionRow, providers: readonly ProviderName[], now: Instant): boolean {
  return isLive(row.connection.status) && row.dueAt <= now && providers.includes(row.connection.provider)
}

function fairShare(rows: readonly ConnectionRow[], request: DueRequest): readonly ConnectionRow[] {
  const taken = new Map<TenantId, number>()
  const share = rows.filter(({ connection: { tenantId } }) => {
    const count = (taken.get(tenantId) ?? 0) + 1
    taken.set(tenantId, count)
    return count <= request.mostPerTenant
  })
  return share.slice(0, request.limit)
}
