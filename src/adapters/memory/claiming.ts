import { backoffMs } from '../../domain/model/backoff.ts'
import { isLive } from '../../domain/model/connection.ts'
import { HOUR_MS } from '../../domain/model/time.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { ClaimRequest, RefreshLease } from '../../ports/refresh-leases.ts'
import { leaseOf } from './connection-row.ts'
import type { ConnectionRow, RefreshState } from './connection-row.ts'
import type { MemoryTables } from './memory-database.ts'

export function mayClaim(row: ConnectionRow, request: ClaimRequest, now: Instant): boolean {
  const { lease, nextAttemptAt, suspectUntil } = row.refresh
  return (
    isLive(row.connection.status) &&
    row.tokens !== undefined &&
    (lease === undefined || lease.until <= now) &&
    (nextAttemptAt === undefined || nextAttemptAt <= now) &&
    (suspectUntil === undefined || suspectUntil <= now) &&
    currentHour(row.refresh, now).attempts < request.maxAttemptsPerHour
  )
}

/** Takes the lease and counts the attempt, before anything is sent. */
export function claimRow(
  tables: MemoryTables,
  row: ConnectionRow,
  request: ClaimRequest,
  now: Instant,
): RefreshLease | undefined {
  if (row.tokens === undefined || !mayClaim(row, request, now)) return undefined
  const before = row.refresh
  const hour = currentHour(before, now)
  const attempt = before.attempt + 1
  const isOwnerSilent = before.lease?.owner !== undefined
  const refresh: RefreshState = {
    epoch: before.epoch + 1,
    lease: { owner: request.owner, until: now + request.leaseTtlMs },
    attempt,
    hour: { startedAt: hour.startedAt, attempts: hour.attempts + 1 },
    nextAttemptAt: now + backoffMs(attempt, request.backoff),
    isUncertain: before.isUncertain || isOwnerSilent,
    suspectUntil: before.suspectUntil,
  }
  const claimed: ConnectionRow = { ...row, refresh }
  tables.put(claimed)
  return leaseOf(claimed, row.tokens, now)
}

/** The row whose lease this still is; ended and taken-over leases have none. */
export function heldRow(tables: MemoryTables, lease: RefreshLease): ConnectionRow | undefined {
  const row = grantRow(tables, lease)
  return row?.refresh.epoch === lease.epoch && row.refresh.lease !== undefined ? row : undefined
}

/** The row while it is still of the lease's grant. */
export function grantRow(tables: MemoryTables, lease: RefreshLease): ConnectionRow | undefined {
  const row = tables.connection(lease)
  const isSame =
    row?.connection.id === lease.connectionId &&
    row.connection.grantId === lease.grantId &&
    row.connection.status !== 'disconnected'
  return isSame ? row : undefined
}

function currentHour(refresh: RefreshState, now: Instant): { startedAt: Instant; attempts: number } {
  const { hour } = refresh
  return hour === undefined || now - hour.startedAt >= HOUR_MS ? { startedAt: now, attempts: 0 } : hour
}
