import type { ProviderSubject } from '../domain/model/connection.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import type { ClaimRequest, RefreshLease } from './refresh-leases.ts'

export interface DueRequest {
  readonly limit: number
  /** No tenant gets more than this many of one batch while others wait. */
  readonly mostPerTenant: number
  readonly providers: readonly ProviderName[]
  /** How to claim, by provider. */
  readonly claims: Readonly<Record<ProviderName, ClaimRequest>>
}

export interface SharedGrantQuestion {
  readonly provider: ProviderName
  readonly clientId: string
  readonly subject: ProviderSubject
  /** The connection that asks. */
  readonly exceptConnectionId: string
}

/**
 * Questions across tenants, asked by the job and never by a tenant's request. Nothing secret is read to answer them:
 * `claimDue` finds and leases without a secret, and then reads each leased connection as its own tenant.
 */
export interface DueConnections {
  /**
   * Leases live connections whose due time has come, fairly between tenants, each to exactly one caller however many
   * workers ask; skips what needs a person. Counted and committed like any claim.
   */
  claimDue(request: DueRequest): Promise<readonly RefreshLease[]>

  /**
   * Ends the lease of a connection whose credential was proved to live: sets its next due time and `lastSyncAt`, and
   * clears errors, attempt counters, suspicion and the earliest next attempt.
   */
  postpone(lease: RefreshLease, dueInMs: number): Promise<void>

  /** How many live connections are due now. */
  countDue(providers: readonly ProviderName[]): Promise<number>

  /** Whether another live connection, of any tenant, holds a grant of the same person to the same app. */
  isGrantShared(question: SharedGrantQuestion): Promise<boolean>
}
