import type { Connection, LiveStatus } from '../../domain/model/connection.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { Sealed } from '../../ports/cipher.ts'
import type { RetiredGrant } from '../../ports/pending-revocations.ts'
import type { RefreshLease, SealedCandidate } from '../../ports/refresh-leases.ts'
import type { NewGrant, SealedTokens, TokenReading } from '../../ports/token-store.ts'

/** Everything that is kept of one connection. Rows are replaced, never changed in place. */
export interface ConnectionRow {
  readonly connection: Connection
  readonly lifetimeMs: number | null
  /** Absent on a disconnected connection. */
  readonly tokens: SealedTokens | undefined
  readonly previousRefreshToken: Sealed | undefined
  /** Oldest first. */
  readonly candidates: readonly SealedCandidate[]
  readonly lastWriteId: string | undefined
  /** Where a late result leads back to from `needs_reauth`. */
  readonly statusWhenHealed: LiveStatus
  readonly dueAt: Instant
  readonly refresh: RefreshState
}

export interface RefreshState {
  /** Never goes back, so that no lease of the past is taken for a later one. */
  readonly epoch: number
  /** Without an owner it was given up but runs on to its end. */
  readonly lease: { readonly owner: string | undefined; readonly until: Instant } | undefined
  readonly attempt: number
  readonly hour: { readonly startedAt: Instant; readonly attempts: number } | undefined
  readonly nextAttemptAt: Instant | undefined
  readonly isUncertain: boolean
  readonly suspectUntil: Instant | undefined
}

/** Nothing tried and nothing doubted; only the epoch lives on. */
export function untried(epoch: number): RefreshState {
  return {
    epoch,
    lease: undefined,
    attempt: 0,
    hour: undefined,
    nextAttemptAt: undefined,
    isUncertain: false,
    suspectUntil: undefined,
  }
}

/** The row of a new consent, which inherits the counters of the row that it replaces and nothing else. */
export function rowOf(grant: NewGrant, replaced: ConnectionRow | undefined, now: Instant): ConnectionRow {
  return {
    connection: connectionOf(grant, replaced, now),
    lifetimeMs: grant.expiresInMs,
    tokens: grant.tokens,
    previousRefreshToken: undefined,
    candidates: [],
    lastWriteId: undefined,
    statusWhenHealed: grant.status,
    dueAt: now + grant.dueInMs,
    refresh: untried(replaced?.refresh.epoch ?? 0),
  }
}

function connectionOf(grant: NewGrant, replaced: ConnectionRow | undefined, now: Instant): Connection {
  const { tenantId, provider, label, grantId, clientId, status, scopes, accounts, details } = grant
  const { subject, selectedAccountId, selectedAccountName } = grant
  return {
    tenantId,
    provider,
    label,
    id: grant.connectionId,
    grantId,
    tokenVersion: 1,
    rowVersion: (replaced?.connection.rowVersion ?? 0) + 1,
    clientId,
    status,
    ...(subject === undefined ? {} : { subject }),
    scopes,
    accounts,
    ...(selectedAccountId === undefined ? {} : { selectedAccountId }),
    ...(selectedAccountName === undefined ? {} : { selectedAccountName }),
    details,
    tokenExpiresAt: after(now, grant.expiresInMs),
    refreshExpiresAt: after(now, grant.refreshExpiresInMs),
    dataAccessExpiresAt: after(now, grant.dataAccessExpiresInMs),
    lastSyncAt: now,
    connectedAt: now,
    updatedAt: now,
  }
}

export function readingOf(row: ConnectionRow, now: Instant): TokenReading {
  const { connection, refresh } = row
  const mayTryAt = Math.max(refresh.nextAttemptAt ?? 0, refresh.suspectUntil ?? 0)
  return {
    connectionId: connection.id,
    grantId: connection.grantId,
    tokenVersion: connection.tokenVersion,
    status: connection.status,
    reauthReason: connection.reauthReason,
    accessToken: row.tokens?.accessToken,
    remainingMs: remaining(row, now),
    lifetimeMs: row.lifetimeMs,
    leaseMs: Math.max(0, (refresh.lease?.until ?? 0) - now),
    nextAttemptMs: Math.max(0, mayTryAt - now),
    lastErrorCode: connection.lastErrorCode,
  }
}

export function leaseOf(row: ConnectionRow, tokens: SealedTokens, now: Instant): RefreshLease {
  const { connection, refresh } = row
  const { tenantId, provider, label, grantId, tokenVersion, clientId } = connection
  return {
    tenantId,
    provider,
    label,
    connectionId: connection.id,
    grantId,
    tokenVersion,
    epoch: refresh.epoch,
    attempt: refresh.attempt,
    isUncertain: refresh.isUncertain,
    isSuspect: refresh.suspectUntil !== undefined,
    clientId,
    tokens,
    previousRefreshToken: row.previousRefreshToken,
    candidates: row.candidates,
    remainingMs: remaining(row, now),
  }
}

/** What it takes to revoke the row's grant; nothing when its secrets have gone already. */
export function retiredGrantOf(row: ConnectionRow): RetiredGrant | undefined {
  if (row.tokens === undefined) return undefined
  const { tenantId, provider, label, grantId, tokenVersion, clientId, subject } = row.connection
  const { accessToken, refreshToken } = row.tokens
  const connectionId = row.connection.id
  return {
    tenantId,
    provider,
    label,
    connectionId,
    grantId,
    tokenVersion,
    clientId,
    subject,
    accessToken,
    refreshToken,
    candidates: row.candidates,
  }
}

export function after(now: Instant, ms: number | null): Instant | null {
  return ms === null ? null : now + ms
}

function remaining(row: ConnectionRow, now: Instant): number | null {
  const { tokenExpiresAt } = row.connection
  return tokenExpiresAt === null ? null : tokenExpiresAt - now
}
