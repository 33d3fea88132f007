import type { AdAccount, Audience } from './ad-account.ts'
import type { ConnectionKey } from './identifiers.ts'
import type { Instant } from './time.ts'

/** Tokens are served, and may be refreshed. `pending_account_selection`: an account is to be chosen. */
export type LiveStatus = 'pending_account_selection' | 'active'

/** `needs_reauth`: a person must connect again. */
export type ConnectionStatus = LiveStatus | 'needs_reauth' | 'disconnected'

/** Why a person must connect again. `rotation_lost`: an earlier refresh's answer never reached us. */
export type ReauthReason = 'revoked_or_expired' | 'rotation_lost' | 'permission_removed'

/** Who granted, as the provider itself says; ids of different providers never meet (OpenID Connect Core §5.7). */
export interface ProviderSubject {
  readonly issuer: string
  readonly id: string
  readonly name?: string
}

/** What a provider's settings add to a connection: chosen Klaviyo lists, a Google `loginCustomerId`, the kind of token. */
export interface ConnectionDetails {
  readonly tokenKind?: string
  readonly publicApiKey?: string
  readonly audiences?: readonly Audience[]
  readonly emailListId?: string
  readonly smsListId?: string
}

/** One tenant's grant at one provider, with nothing secret in it. */
export interface Connection extends ConnectionKey {
  readonly id: string
  /** Changes with each new consent. */
  readonly grantId: string
  /** Moves only when tokens are written. */
  readonly tokenVersion: number
  /** Moves with every other change, so that selecting an account never disturbs a refresh in flight. */
  readonly rowVersion: number
  readonly clientId: string
  readonly status: ConnectionStatus
  readonly reauthReason?: ReauthReason
  readonly subject?: ProviderSubject
  readonly scopes: readonly string[]
  readonly accounts: readonly AdAccount[]
  readonly selectedAccountId?: string
  readonly selectedAccountName?: string
  readonly details: ConnectionDetails
  /** The token version that the provider's API refused last, and that was renewed for it. */
  readonly rejectedVersion?: number
  readonly tokenExpiresAt: Instant | null
  /** From when on it cannot be refreshed: the end of the refresh token, or of a token that nothing renews. */
  readonly refreshExpiresAt: Instant | null
  readonly dataAccessExpiresAt: Instant | null
  readonly lastErrorCode?: string
  readonly lastErrorAt?: Instant
  /** When tokens were last stored or the credential last verified. */
  readonly lastSyncAt: Instant | null
  readonly connectedAt: Instant
  readonly updatedAt: Instant
}

/**
 * Whether a person should look: something needs to be connected again now or soon, an account chosen, or the last try
 * failed.
 */
export function needsAttention(connection: {
  readonly status: ConnectionStatus | 'not_connected'
  readonly hasFailed: boolean
  readonly isExpiring: boolean
}): boolean {
  const { status, hasFailed, isExpiring } = connection
  if (status === 'needs_reauth' || status === 'pending_account_selection') return true
  return status === 'active' && (hasFailed || isExpiring)
}

/** A connection that the job and `getAccessToken` may refresh. */
export function isLive(status: ConnectionStatus): status is LiveStatus {
  return status === 'active' || status === 'pending_account_selection'
}
