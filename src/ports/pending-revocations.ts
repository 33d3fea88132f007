import type { ProviderSubject } from '../domain/model/connection.ts'
import type { ConnectionKey, TenantId } from '../domain/model/identifiers.ts'
import type { Sealed } from './cipher.ts'
import type { SealedCandidate } from './refresh-leases.ts'

/** A grant that is no longer used, with what it takes to revoke it. Its secrets keep the context they were sealed for. */
export interface RetiredGrant extends ConnectionKey {
  readonly connectionId: string
  readonly grantId: string
  readonly tokenVersion: number
  readonly clientId: string
  readonly subject?: ProviderSubject | undefined
  readonly accessToken?: Sealed | undefined
  readonly refreshToken?: Sealed | undefined
  /** Further tokens that the provider issued for the grant; each may live on when the current one was revoked. */
  readonly candidates: readonly SealedCandidate[]
}

/** Identifies a queued revocation. */
export type RevocationId = string

/** A queued revocation whose time has come. */
export interface DueRevocation {
  readonly id: RevocationId
  readonly tenantId: TenantId
}

/** How an attempt to revoke ended. */
export type RevocationOutcome = { readonly done: true } | { readonly done: false; readonly retryInMs: number }

/**
 * Grants that are to be revoked at their provider and could not be yet. Entries outlive their connection and tenant.
 */
export interface PendingRevocations {
  /** For a token that arrived after its connection had gone. */
  add(grant: RetiredGrant): Promise<RevocationId>

  /** Takes up to `limit` entries whose time has come, each to one caller for `leaseMs`; nothing secret. */
  claimDue(limit: number, leaseMs: number): Promise<readonly DueRevocation[]>

  read(tenantId: TenantId, id: RevocationId): Promise<RetiredGrant | undefined>

  /** `done` removes the entry; otherwise it falls due again after `retryInMs`, and is removed after 30 days of trying. */
  settle(tenantId: TenantId, id: RevocationId, outcome: RevocationOutcome): Promise<void>
}
