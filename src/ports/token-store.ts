import type { AdAccount } from '../domain/model/ad-account.ts'
import type {
  Connection,
  ConnectionDetails,
  ConnectionStatus,
  LiveStatus,
  ProviderSubject,
  ReauthReason,
} from '../domain/model/connection.ts'
import type { ConnectionKey, ConnectionLabel, ProviderName, TenantId } from '../domain/model/identifiers.ts'
import type { Sealed } from './cipher.ts'
import type { RevocationId } from './pending-revocations.ts'

/** What the hot read brings: one row, one round trip. */
export interface TokenReading {
  readonly connectionId: string
  readonly grantId: string
  readonly tokenVersion: number
  readonly status: ConnectionStatus
  readonly reauthReason?: ReauthReason | undefined
  /** Absent on a disconnected connection. */
  readonly accessToken?: Sealed | undefined
  /** Until the access token's end by the store's clock, negative after it; `null`: no known end. */
  readonly remainingMs: number | null
  readonly lifetimeMs: number | null
  /** How much longer a lease on this connection runs; 0: there is none. */
  readonly leaseMs: number
  /** How long until another attempt may be made; 0: at once. */
  readonly nextAttemptMs: number
  /** Code of the last refresh failure since tokens were last stored. */
  readonly lastErrorCode?: string | undefined
}

/** The tokens of one version, sealed. */
export interface SealedTokens {
  readonly accessToken: Sealed
  readonly refreshToken?: Sealed | undefined
}

/** A new consent, ready to be stored. Its secrets are sealed for `connectionId`, `grantId` and token version 1. */
export interface NewGrant extends ConnectionKey {
  readonly connectionId: string
  readonly grantId: string
  readonly clientId: string
  readonly tokens: SealedTokens
  readonly expiresInMs: number | null
  readonly refreshExpiresInMs: number | null
  readonly dataAccessExpiresInMs: number | null
  /** When the job should first look at it. */
  readonly dueInMs: number
  readonly status: LiveStatus
  readonly subject?: ProviderSubject | undefined
  readonly scopes: readonly string[]
  readonly accounts: readonly AdAccount[]
  readonly selectedAccountId?: string | undefined
  readonly selectedAccountName?: string | undefined
  readonly details: ConnectionDetails
}

/** What becomes of a grant that is no longer used. */
export interface Retirement {
  /** It goes to the revocation queue in the same transaction, or nowhere. */
  readonly queueForRevocation: boolean
}

/** The connection that a new consent goes over, as it was read before, and what becomes of its grant. */
export interface Replacement extends Retirement {
  readonly expected: Connection
}

/** Whether the consent was stored, and the queued revocation of the grant that it replaced. */
export type SaveOutcome =
  { readonly saved: true; readonly revocation?: RevocationId | undefined } | { readonly saved: false }

/** The connection that was ended, and the queued revocation of its grant. */
export interface Disconnection {
  readonly connectionId: string
  readonly revocation?: RevocationId | undefined
}

/** What may change without new tokens. A member that is absent stays; `null` clears. */
export interface ConnectionPatch {
  /** Of a connection that is `pending_account_selection`, and no longer is. */
  readonly status?: 'active'
  readonly accounts?: readonly AdAccount[]
  readonly selectedAccountId?: string
  readonly selectedAccountName?: string | null
  readonly details?: ConnectionDetails
  readonly rejectedVersion?: number
  readonly dataAccessExpiresInMs?: number | null
  /** The credential was just proved to live: sets `lastSyncAt`. */
  readonly isVerified?: true
}

/** Narrows a list down; what is left out matches all. */
export interface ConnectionFilter {
  readonly provider?: ProviderName
  readonly label?: ConnectionLabel
}

/**
 * One tenant's connections. The store itself keeps tenants apart: whatever is asked, no row of another tenant is read,
 * counted or changed. Every adapter passes `tokenStoreContract` and rejects with StoreUnavailableError when it cannot
 * reach its database.
 */
export interface TokenStore {
  /** The hot read: one round trip. Missing and another tenant's are both `undefined`. */
  read(key: ConnectionKey): Promise<TokenReading | undefined>

  /** The tenant's connections, disconnected ones included, without a secret, ordered by provider and label. */
  list(tenantId: TenantId, filter?: ConnectionFilter): Promise<readonly Connection[]>

  /**
   * Stores a new consent, all of it or nothing: without a `replacement` where there is no connection, with one over the
   * connection that it expects. Where that is not so, or no longer, nothing is stored and `saved` is false. A rejection that
   * is not `isUncertain` means that nothing was stored and nothing will be.
   */
  save(grant: NewGrant, replacement?: Replacement): Promise<SaveOutcome>

  /** Changes what is no token, if `rowVersion` and the grant are still those of `connection`. Resolves whether it did. */
  change(connection: Connection, patch: ConnectionPatch): Promise<boolean>

  /**
   * Final for the grant: its secrets leave the row, still sealed where they go to the revocation queue; who granted and
   * what the grant reached is forgotten with it. `undefined` when there was nothing to disconnect.
   */
  disconnect(key: ConnectionKey, retirement: Retirement): Promise<Disconnection | undefined>

  /**
   * Removes the tenant's disconnected connections; one that still holds a grant stays until it was disconnected, and
   * queued revocations stay. Resolves how many were removed.
   */
  deleteTenant(tenantId: TenantId): Promise<number>
}
