import type { TenantId } from '../../domain/model/identifiers.ts'
import { turnSpacingMs } from '../../domain/model/request-budget.ts'
import { asSealed } from '../../ports/cipher.ts'
import type { ClaimRequest, RefreshLease, SealedCandidate } from '../../ports/refresh-leases.ts'
import { toSealed } from './connection-row.ts'
import type { PauseRow } from './provider-apps.ts'
import { storableMs } from './storable.ts'

/** The composite type `integrations_lease`. */
export type LeaseRow = {
  readonly tenant_id: TenantId
  readonly provider: string
  readonly label: string
  readonly connection_id: string
  readonly grant_id: string
  readonly client_id: string
  readonly token_version: number
  readonly epoch: number
  readonly attempt: number
  readonly is_uncertain: boolean
  readonly is_suspect: boolean
  readonly access_token: string
  readonly refresh_token: string | null
  readonly previous_refresh_token: string | null
  readonly candidates: readonly SealedCandidate[]
  readonly remaining_ms: number | null
} & PauseRow

export function toLease(row: LeaseRow): RefreshLease {
  const refreshToken = toSealed(row.refresh_token)
  return {
    tenantId: row.tenant_id,
    provider: row.provider,
    label: row.label,
    connectionId: row.connection_id,
    grantId: row.grant_id,
    tokenVersion: row.token_version,
    epoch: row.epoch,
    attempt: row.attempt,
    isUncertain: row.is_uncertain,
    isSuspect: row.is_suspect,
    clientId: row.client_id,
    tokens: {
      accessToken: asSealed(row.access_token),
      ...(refreshToken === undefined ? {} : { refreshToken }),
    },
    previousRefreshToken: toSealed(row.previous_refresh_token),
    candidates: row.candidates,
    remainingMs: row.remaining_ms,
  }
}

/** How to claim, as the claiming functions take it. */
export function claimTerms({
  owner,
  leaseTtlMs,
  backoff,
  maxAttemptsPerHour,
  app,
  maxWaitMs,
}: ClaimRequest): {
  readonly owner: string
  readonly ttl_ms: number
  readonly base_ms: number
  readonly cap_ms: number
  readonly jitter: number
  readonly max_attempts: number
  readonly client_id: string
  readonly interval_ms: number | null
  readonly max_wait_ms: number | null
} {
  const { clientId, requestsPerSecond } = app
  return {
    owner,
    ttl_ms: storableMs(leaseTtlMs),
    base_ms: storableMs(backoff.baseMs),
    cap_ms: storableMs(backoff.capMs),
    jitter: backoff.jitter,
    max_attempts: maxAttemptsPerHour,
    client_id: clientId,
    interval_ms: requestsPerSecond === undefined ? null : turnSpacingMs(requestsPerSecond),
    max_wait_ms: requestsPerSecond === undefined ? null : maxWaitMs,
  }
}
