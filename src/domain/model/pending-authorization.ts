import type { ConnectionLabel, ProviderName, TenantId } from './identifiers.ts'
import type { Secret } from './secret.ts'
import type { Instant } from './time.ts'

/** Ten minutes, by the server's clock, for the record, the browser's cookie and the code verifier alike. */
export const STATE_LIFETIME_MS = 10 * 60 * 1_000

/** The host's own authenticated user. It is hashed, never stored. */
export interface Initiator {
  readonly userId: string
  readonly sessionId?: string | undefined
}

/** What a state stands for. It lives sealed in the StateStore and never reaches a browser. */
export interface PendingAuthorization {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  readonly returnUrl: string
  readonly redirectUri: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly codeVerifier?: Secret
  readonly initiatorHash?: string
  readonly browserHash?: string
  readonly allowAccountChange: boolean
  readonly startedAt: Instant
}
