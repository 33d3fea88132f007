import type { ConnectionStatus, ProviderSubject, ReauthReason } from '../domain/model/connection.ts'
import type { ConnectionKey, ProviderName } from '../domain/model/identifiers.ts'
import type { Instant } from '../domain/model/time.ts'
import type { ClaimRequest, RefreshLease } from './refresh-leases.ts'

/** How much is asked for, of which providers. */
export interface DueRequest {
  readonly limit: number
  /** No tenant gets more than this many of one batch while others wait; what nobody else waits for is anybody's. */
  readonly maxPerTenant: number
  readonly providers: readonly ProviderName[]
  /** How to claim, by provider. */
  readonly claims: Readonly<Record<ProviderName, ClaimRequest>>
}

/** What was leased, and whether it is worth asking for more. */
export interface DueBatch {
  readonly leases: readonly RefreshLease[]
  /** Something is due for an app that has to wait: ask again after so long. Absent: nothing is held back. */
  readonly heldBackMs?: number | undefined
}

/** A person as one app of a provider knows them. */
export interface GrantOwner {
  readonly provider: ProviderName
  readonly clientId: string
  readonly subject: Pick<ProviderSubject, 'issuer' | 'id'>
}

/** A connection of whatever tenant, named and no more. */
export interface OwnedConnection extends ConnectionKey {
  /** Its tokens are being served and renewed. */
  readonly isLive: boolean
}

/** A connection of whatever tenant that a person should look at, and why. */
export interface TroubledConnection extends ConnectionKey {
  readonly status: ConnectionStatus
  readonly reauthReason?: ReauthReason | undefined
  /** Code of the last failure since tokens were last stored or verified. */
  readonly lastErrorCode?: string | undefined
  /** When its grant ends or has ended (`grantExpiresAt`), if it lives and that is near enough to tell people. */
  readonly grantExpiresAt?: Instant | undefined
}

/** How many connections are asked for, and how long before the end of a grant people are told (`isGrantExpiring`). */
export interface AttentionRequest {
  readonly limit: number
  readonly notice: { readonly maxMs: number; readonly share: number }
}

/**
 * Questions across tenants, asked by the job and the operator and never by a tenant's request. Nothing secret is read to
 * answer them: `claimDue` finds and leases without a secret, and then reads what it leased, naming the tenants.
 */
export interface DueConnections {
  /**
   * Leases live connections whose due time has come, fairly between tenants, each to exactly one caller however many
   * workers ask; skips what needs a person. Counted and committed like any claim. Leaves out apps that are suspended,
   * and takes no more for an app with a budget than there are turns within `maxWaitMs`. What may not be claimed keeps
   * nothing else waiting, however much of it is due.
   */
  claimDue(request: DueRequest): Promise<DueBatch>

  /**
   * Ends the lease of a connection whose credential was proved to live: sets its next due time and `lastSyncAt`, and
   * clears errors, attempt counters, suspicion and the earliest next attempt. Where another token became current
   * meanwhile, only the lease ends: the proof says nothing of it. Resolves whether the lease's token is still the current
   * one and the lease was still this one.
   */
  postpone(lease: RefreshLease, dueInMs: number): Promise<boolean>

  /**
   * How many live connections have been due for `forMs` or longer, for every provider that has such: those that no
   * process refreshes are among them. 0 is whatever is due now.
   */
  countDue(forMs: number): Promise<ReadonlyMap<ProviderName, number>>

  /**
   * Up to `limit` connections that need to be connected again, now or soon, wait for the choice of an account, or failed
   * when they were last tried; by tenant, provider and label.
   */
  needingAttention(request: AttentionRequest): Promise<readonly TroubledConnection[]>

  /**
   * The connections, of any tenant, that hold a grant of this person to this app: those that revoking it would end, and
   * those that a provider's own callback is about. Disconnected ones hold none.
   */
  connectionsOf(owner: GrantOwner): Promise<readonly OwnedConnection[]>
}
