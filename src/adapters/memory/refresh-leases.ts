import type { Connection, ReauthReason } from '../../domain/model/connection.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import { HOUR_MS } from '../../domain/model/time.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { AppPause } from '../../ports/provider-apps.ts'
import type {
  ClaimRequest,
  RefreshedTokens,
  RefreshLease,
  RefreshLeases,
  ReleaseReason,
  SealedCandidate,
  StoreOutcome,
} from '../../ports/refresh-leases.ts'
import { claimRow, grantRow, heldRow } from './claiming.ts'
import { after, untried } from './connection-row.ts'
import type { ConnectionRow } from './connection-row.ts'
import type { MemoryDatabase } from './memory-database.ts'
import { claimPause } from './provider-apps.ts'

/** Refresh leases in memory; see MemoryDatabase. */
export class MemoryRefreshLeases implements RefreshLeases {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async claim(
    key: ConnectionKey,
    tokenVersion: number,
    request: ClaimRequest,
  ): Promise<RefreshLease | AppPause | undefined> {
    return this.#database.transact({ key, request }, (own, tables, now) => {
      const pause = claimPause(tables, own.request, now)
      if (pause !== undefined) return pause
      const row = tables.connection(own.key)
      return row?.connection.tokenVersion === tokenVersion
        ? claimRow(tables, row, own.request, now)
        : undefined
    })
  }

  async store(lease: RefreshLease, result: RefreshedTokens): Promise<StoreOutcome> {
    return this.#database.transact({ lease, result }, (own, tables, now): StoreOutcome => {
      const row = grantRow(tables, own.lease)
      if (row === undefined) return 'grant_gone'
      if (row.connection.tokenVersion !== own.lease.tokenVersion) {
        return row.lastWriteId === own.result.writeId ? 'stored' : 'superseded'
      }
      tables.put(refreshed(row, own.lease, own.result, now))
      return 'stored'
    })
  }

  async keepCandidate(lease: RefreshLease, candidate: SealedCandidate): Promise<boolean> {
    return this.#database.transact({ lease, candidate }, (own, tables) => {
      const row = grantRow(tables, own.lease)
      if (row === undefined) return false
      // The same id comes again when an acknowledgement was lost.
      const isKept = row.candidates.some(({ id }) => id === own.candidate.id)
      if (!isKept) tables.put({ ...healed(row), candidates: [...row.candidates, own.candidate] })
      return true
    })
  }

  async release(lease: RefreshLease, reason: ReleaseReason): Promise<void> {
    return this.#database.transact({ lease, reason }, (own, tables, now) => {
      const row = heldRow(tables, own.lease)
      if (row === undefined) return
      const isCurrent = row.connection.tokenVersion === own.lease.tokenVersion
      tables.put(isCurrent ? released(row, own.reason, now) : unleased(row))
    })
  }

  async suspect(lease: RefreshLease, forMs: number): Promise<void> {
    return this.#database.transact(lease, (own, tables, now) => {
      const row = heldRow(tables, own)
      if (row === undefined) return
      if (row.connection.tokenVersion !== own.tokenVersion) {
        tables.put(unleased(row))
        return
      }
      tables.put({
        ...row,
        connection: { ...row.connection, lastErrorCode: 'refresh_pending', lastErrorAt: now, updatedAt: now },
        dueAt: Math.max(row.dueAt, now + forMs),
        refresh: { ...row.refresh, lease: undefined, nextAttemptAt: undefined, suspectUntil: now + forMs },
      })
    })
  }

  async condemn(lease: RefreshLease, reason: ReauthReason): Promise<boolean> {
    return this.#database.transact(lease, (own, tables, now) => {
      const row = grantRow(tables, own)
      const isCurrent = row?.refresh.epoch === own.epoch && row.connection.tokenVersion === own.tokenVersion
      if (row === undefined || !isCurrent || row.candidates.length !== own.candidates.length) return false
      tables.put({
        ...row,
        connection: {
          ...row.connection,
          status: 'needs_reauth',
          reauthReason: reason,
          lastErrorCode: 'reauthorization_required',
          lastErrorAt: now,
          rowVersion: row.connection.rowVersion + 1,
          updatedAt: now,
        },
        refresh: { ...row.refresh, lease: undefined },
      })
      return true
    })
  }
}

/** A late token may live: what was given up is tried again. */
function healed(row: ConnectionRow): ConnectionRow {
  if (row.connection.status !== 'needs_reauth') return row
  const { lastErrorCode: _code, lastErrorAt: _at, reauthReason: _reason, ...rest } = row.connection
  return { ...row, connection: { ...rest, status: row.statusWhenHealed } }
}

function refreshed(
  row: ConnectionRow,
  lease: RefreshLease,
  result: RefreshedTokens,
  now: Instant,
): ConnectionRow {
  const { lastErrorCode: _code, lastErrorAt: _at, reauthReason: _reason, ...rest } = row.connection
  const isOwn = row.refresh.epoch === lease.epoch
  return {
    ...row,
    connection: {
      ...rest,
      status: rest.status === 'needs_reauth' ? row.statusWhenHealed : rest.status,
      tokenVersion: lease.tokenVersion + 1,
      tokenExpiresAt: after(now, result.expiresInMs),
      refreshExpiresAt: refreshEnd(row, result, now),
      lastSyncAt: now,
      updatedAt: now,
    },
    lifetimeMs: result.expiresInMs,
    tokens: result.tokens,
    previousRefreshToken: result.previousRefreshToken,
    candidates: [],
    lastWriteId: result.writeId,
    dueAt: now + result.dueInMs,
    refresh: { ...untried(row.refresh.epoch), lease: isOwn ? undefined : row.refresh.lease },
  }
}

/** What is known of a token that is no longer the current one says nothing of its successor. */
function unleased(row: ConnectionRow): ConnectionRow {
  return { ...row, refresh: { ...row.refresh, lease: undefined } }
}

function released(row: ConnectionRow, reason: ReleaseReason, now: Instant): ConnectionRow {
  const { connection, refresh } = row
  const { isUncertain, retryInMs } = reason
  const uncounted = reason.isUncounted === true ? 1 : 0
  const nextAttemptAt = retryInMs === undefined ? refresh.nextAttemptAt : now + retryInMs
  return {
    ...row,
    connection: noted(connection, reason, now),
    // What may be tried again at once keeps its place among what is due.
    dueAt: retryInMs === 0 ? row.dueAt : Math.max(row.dueAt, nextAttemptAt ?? 0),
    refresh: {
      ...refresh,
      lease: undefined,
      attempt: Math.max(0, refresh.attempt - uncounted),
      hour: refresh.hour && { ...refresh.hour, attempts: Math.max(0, refresh.hour.attempts - uncounted) },
      nextAttemptAt,
      isUncertain: refresh.isUncertain || isUncertain === true,
    },
  }
}

function noted(connection: Connection, { errorCode }: ReleaseReason, now: Instant): Connection {
  if (errorCode === undefined) return connection
  if (errorCode !== null) return { ...connection, lastErrorCode: errorCode, lastErrorAt: now, updatedAt: now }
  const { lastErrorCode: _code, lastErrorAt: _at, ...rest } = connection
  return rest
}

const MAX_PUT_OFF_MS = HOUR_MS

/** What a refresh puts off is no end of the grant. */
function refreshEnd({ connection }: ConnectionRow, result: RefreshedTokens, now: Instant): Instant | null {
  const known = connection.refreshExpiresAt
  const named = after(now, result.refreshExpiresInMs)
  if (known === null || named === null) return known
  return named <= known + MAX_PUT_OFF_MS ? Math.min(known, named) : null
}
