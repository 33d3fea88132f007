import type { AdAccount, Audience } from '../domain/model/ad-account.ts'
import type { ProviderSubject } from '../domain/model/connection.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import type { RotationClass } from '../domain/model/rotation.ts'
import type { Secret } from '../domain/model/secret.ts'
import type { TokenSet } from '../domain/model/token-set.ts'
import type { ProviderApp } from './provider-apps.ts'

/** What the services need to know of a platform, as data. */
export interface ProviderTraits {
  readonly provider: ProviderName
  /** As people read it: `Meta Ads`. */
  readonly displayName: string
  /** What a connection is called by at the platform, for the subject of a grant: an issuer URL. */
  readonly issuer: string
  readonly rotation: RotationClass
  /** `refresh_token`: RFC 6749 §6. `self_exchange`: the live access token is exchanged for another. `none`: it only gets verified. */
  readonly renewal: 'refresh_token' | 'self_exchange' | 'none'
  /** This close to its end a token is refreshed behind its reader (never more than a third of its life). */
  readonly marginMs: number
  /** The job's window before expiry. */
  readonly windowMs: number
  /** A token younger than this is not renewed again; 0 where the platform does not care. */
  readonly renewAtMostEveryMs: number
  /** How often a credential is verified that has no known end, or that is not renewed within a day or so. */
  readonly verifyEveryMs: number
  /** `token`: revoking ends this grant alone. `subject`: it ends every grant of the person to this app. `none`: there is no such call. */
  readonly revocation: 'token' | 'subject' | 'none'
  /** Whether a connection is about one chosen account. */
  readonly hasAccounts: boolean
}

/** What a live credential tells about itself. */
export interface Examination {
  readonly subject?: ProviderSubject
  /** Absent: the platform does not say, so that what was requested counts as granted. */
  readonly grantedScopes?: readonly string[]
  /** Scopes without which the connection is of no use and that were not granted. */
  readonly missingScopes: readonly string[]
  readonly accounts: readonly AdAccount[]
  readonly audiences?: readonly Audience[]
  readonly publicApiKey?: string
  /** `user`, `system_user`, `api_key`, … in the platform's own words. */
  readonly tokenKind?: string
  /** When the platform names it more exactly than the token response did; `null`: it never ends. */
  readonly expiresInMs?: number | null
  readonly dataAccessExpiresInMs?: number | null
}

/**
 * One platform. Every method rejects with ProviderFailure and nothing else; it never retries a code exchange or a
 * refresh by itself and never logs. Every adapter passes `providerClientContract`.
 */
export interface ProviderClient {
  readonly traits: ProviderTraits

  /**
   * Asks the platform who granted, what was granted and which accounts it reaches, over all pages.
   * @param issuedScopes as the token response of a new grant named them, which is all that some platforms say
   */
  examine(accessToken: Secret, issuedScopes?: readonly string[]): Promise<Examination>

  /**
   * Asks the cheapest question that tells a live credential from a dead one. Rejects as `permission`, with the scopes
   * missing, only where the platform itself says that a scope is lacking without which the connection is of no use.
   */
  verify(accessToken: Secret): Promise<void>

  /** Ends the grant at the platform. A credential that is already dead counts as revoked. */
  revoke(credential: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<void>
}

/** What is fixed about how a platform’s consent is asked for. */
export interface AuthorizationTraits {
  readonly clientId: string
  /** How many requests of refreshes and verifications all processes together may send in a second; absent: any number. */
  readonly requestsPerSecond?: number | undefined
  /** Registered at the platform; one of its own for each provider (RFC 9700 §4.4.2). */
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** `S256`, or why the platform cannot have it. */
  readonly pkce: { readonly method: 'S256' } | { readonly method: 'none'; readonly because: string }
  /** The authorization server's identifier and whether its responses always carry `iss` (RFC 9207). */
  readonly iss?: { readonly value: string; readonly isAlwaysSent: boolean }
  /** Where the response carries its code, best first. */
  readonly codeParameters: readonly string[]
}

/** What differs from one authorization request to the next. */
export interface AuthorizationRequest {
  readonly state: string
  readonly codeChallenge?: string
}

/** What an authorization code is exchanged with (RFC 6749 §4.1.3). */
export interface CodeGrant {
  readonly code: Secret
  /** From the record of the start, never from the callback. */
  readonly redirectUri: string
  readonly codeVerifier?: Secret | undefined
}

/** A platform that is connected by OAuth 2.0. */
export interface OAuthProviderClient extends ProviderClient {
  readonly authorization: AuthorizationTraits

  authorizationUrl(request: AuthorizationRequest): string

  /** One request, or where the platform needs it one more for a long-lived token; sent once, never repeated. */
  exchangeCode(grant: CodeGrant): Promise<TokenSet>

  /**
   * Sent once, redirects refused, the answer bounded; it settles within the hard timeout. Tokens that are not of printable
   * ASCII, or longer than 16,384 characters, count as an answer that cannot be read.
   */
  refresh(tokens: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<TokenSet>
}

export function isOAuthClient(client: ProviderClient): client is OAuthProviderClient {
  return 'authorization' in client
}

/** The app of ours that a client speaks for. One that presents its tenants' own API keys has no id and no budget. */
export function appOf(client: ProviderClient): ProviderApp {
  const { provider } = client.traits
  if (!isOAuthClient(client)) return { provider, clientId: '' }
  const { clientId, requestsPerSecond } = client.authorization
  return { provider, clientId, requestsPerSecond }
}
