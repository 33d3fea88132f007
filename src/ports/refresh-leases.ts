import type { Backoff } from '../domain/model/backoff.ts'
import type { ReauthReason } from '../domain/model/connection.ts'
import type { ConnectionKey } from '../domain/model/identifiers.ts'
import type { Sealed } from './cipher.ts'
import type { AppPause, ProviderApp } from './provider-apps.ts'
import type { SealedTokens } from './token-store.ts'

/** For whom and on which terms a lease is asked for. */
export interface ClaimRequest {
  /** Names the process in the row, for operators, and this claim: no other has the same. */
  readonly owner: string
  readonly leaseTtlMs: number
  /** Sets the earliest next attempt, before anything is sent. */
  readonly backoff: Backoff
  readonly maxAttemptsPerHour: number
  /** Whom the connection is claimed for to ask: nothing is claimed while that app is suspended. */
  readonly app: ProviderApp
  /** How far off the app's next turn may be, where it has a budget. */
  readonly maxWaitMs: number
}

/** The right to refresh one connection until the lease ends, by the store's clock. */
export interface RefreshLease extends ConnectionKey {
  readonly connectionId: string
  readonly grantId: string
  readonly tokenVersion: number
  readonly epoch: number
  readonly attempt: number
  /** An earlier attempt of this version may have succeeded without our knowing: its owner fell silent or its answer was lost. */
  readonly isUncertain: boolean
  /** A definitive refusal was seen before and waits for its confirmation. */
  readonly isSuspect: boolean
  readonly clientId: string
  readonly tokens: SealedTokens
  /** Sealed for the field `previous_refresh_token` of `tokenVersion`. */
  readonly previousRefreshToken?: Sealed | undefined
  readonly candidates: readonly SealedCandidate[]
  readonly remainingMs: number | null
}

/** A refresh result that could not become current; sealed as `candidate` of the parent version. */
export interface SealedCandidate {
  readonly id: string
  readonly parentVersion: number
  readonly accessToken: Sealed
  readonly refreshToken?: Sealed | undefined
}

/** The result of a refresh, sealed for `tokenVersion + 1`. It carries nothing that a provider could poison. */
export interface RefreshedTokens {
  /** Drawn anew for each result; tells an own commit whose acknowledgement was lost from a foreign one. */
  readonly writeId: string
  readonly tokens: SealedTokens
  readonly previousRefreshToken?: Sealed | undefined
  readonly expiresInMs: number | null
  /**
   * `null`: the provider did not say. A refresh never sets an end: one that is known stays or comes earlier, and one that
   * is put off by more than an hour is none of the grant.
   */
  readonly refreshExpiresInMs: number | null
  readonly dueInMs: number
}

/**
 * `stored`: it is the row now (also when this very write had been committed before). `superseded`: another result of
 * the same grant came first; keep this one as a candidate. `grant_gone`: disconnected or reconnected; revoke it.
 */
export type StoreOutcome = 'stored' | 'superseded' | 'grant_gone'

/** Why a lease ends without a new token, and when the next may be claimed. */
export interface ReleaseReason {
  /** A code of the public set, for status and for those who wait. `null`: nothing is wrong, and what was is cleared. */
  readonly errorCode?: string | null | undefined
  /** Overrides the backoff that the claim set. */
  readonly retryInMs?: number | undefined
  /** The provider may have acted on the request. */
  readonly isUncertain?: boolean | undefined
  /** Nothing was sent and nothing went wrong: the attempt that the claim counted does not count. */
  readonly isUncounted?: boolean | undefined
}

/**
 * Who may ask a provider for a new token, and how its answer is kept. Leases are rows, claimed and released by single
 * statements on the store's clock; nothing is locked while a provider is asked.
 * Every adapter passes `refreshLeasesContract`.
 */
export interface RefreshLeases {
  /**
   * Claims the connection if it is live, its token version is `tokenVersion`, no lease runs, and its backoff and hourly
   * cap allow it. The attempt is counted and committed before this resolves. A lease whose owner fell silent makes the
   * claim uncertain. `undefined`: not to be had now, or not of this tenant. While the app has to wait, the answer is why
   * and for how long, and nothing is claimed or counted.
   */
  claim(
    key: ConnectionKey,
    tokenVersion: number,
    request: ClaimRequest,
  ): Promise<RefreshLease | AppPause | undefined>

  /**
   * Makes the result current if the token version is still the lease's parent and the grant is the same, whoever holds
   * the lease now. Durable when it resolves, even where the database's default is not. Clears candidates, suspicion,
   * uncertainty, errors, attempt counters and `needs_reauth`, and the lease if it is still this one.
   */
  store(lease: RefreshLease, result: RefreshedTokens): Promise<StoreOutcome>

  /**
   * Keeps a result that was superseded, as durably as `store`; a connection that was given up in the meantime lives
   * again, to try it. Resolves whether the grant is still there; when it is gone, nothing is kept: revoke the result.
   */
  keepCandidate(lease: RefreshLease, candidate: SealedCandidate): Promise<boolean>

  /**
   * Ends the lease if it is still this one; another's lease is never touched. The connection is not due before the next
   * attempt may be made; with a `retryInMs` of 0 it is due as it was. The reason is about the lease's token: where another
   * became current meanwhile, nothing of it is noted.
   */
  release(lease: RefreshLease, reason: ReleaseReason): Promise<void>

  /**
   * Notes a definitive refusal and ends the lease: nobody tries again for `forMs`, in which a late result may heal it, and
   * the connection is not due before.
   */
  suspect(lease: RefreshLease, forMs: number): Promise<void>

  /**
   * Sets `needs_reauth` if version, grant and epoch are still the lease's and no candidate came since its claim.
   * Resolves whether it did.
   */
  condemn(lease: RefreshLease, reason: ReauthReason): Promise<boolean>
}
