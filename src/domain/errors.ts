import type { ReauthReason } from './model/connection.ts'
import type { Instant } from './model/time.ts'

const BRAND = Symbol.for('@cgk-platform/integrations/error')

/**
 * Every error that this library throws on purpose. Callers branch on `code`, which never changes within a major
 * version; `isRetryable` says whether the same call may succeed later without anybody doing anything.
 * Neither a message nor a property ever holds a secret or what a provider wrote in a response body.
 */
export abstract class IntegrationError extends Error {
  abstract readonly code: string
  abstract readonly isRetryable: boolean
  readonly [BRAND] = true

  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }

  toJSON(): { name: string; code: string; message: string; isRetryable: boolean } {
    return { name: this.name, code: this.code, message: this.message, isRetryable: this.isRetryable }
  }
}

/** Works across copies of the package, where `instanceof` does not. */
export function isIntegrationError(error: unknown): error is AnyIntegrationError {
  return typeof error === 'object' && error !== null && BRAND in error
}

/** A setting or an argument of the host is wrong. `problems` names all of them. */
export class ConfigInvalidError extends IntegrationError {
  readonly code = 'config_invalid'
  readonly isRetryable = false
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable: ${problems.join('; ')}`)
    this.problems = problems
  }
}

export class TenantInvalidError extends IntegrationError {
  readonly code = 'tenant_invalid'
  readonly isRetryable = false

  constructor() {
    super('A tenant id must be well-formed text of 1 to 255 characters without control characters')
  }
}

export class ReturnUrlRefusedError extends IntegrationError {
  readonly code = 'return_url_refused'
  readonly isRetryable = false

  constructor() {
    super(
      'returnUrl must be a path such as /settings, or an absolute URL on an origin listed in allowedReturnOrigins',
    )
  }
}

/** A tenant or user started more connections in a short time than is allowed. */
export class LimitExceededError extends IntegrationError {
  readonly code = 'limit_exceeded'
  readonly isRetryable = true
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly retryAt: Instant

  constructor(retryAt: Instant) {
    super('Too many connections were started in a short time; start again after retryAt')
    this.retryAt = retryAt
  }
}

/**
 * The person, or the provider for them, said no. `reason` is the provider's error code where it is one plain word in lower
 * case, `no_code` where the response had neither code nor error, else `other`.
 */
export class AuthorizationDeniedError extends IntegrationError {
  readonly code = 'authorization_denied'
  readonly isRetryable = false
  readonly reason: string

  constructor(reason: string) {
    super('The provider did not authorize the connection: it was declined or is not permitted; start again')
    this.reason = reason
  }
}

export class CallbackInvalidError extends IntegrationError {
  readonly code = 'callback_invalid'
  readonly isRetryable = false

  constructor(problem: string) {
    super(`The authorization response is malformed: ${problem}; start the connection again`)
  }
}

/** Unknown, expired and used states are deliberately not told apart. */
export class StateInvalidError extends IntegrationError {
  readonly code = 'state_invalid'
  readonly isRetryable = false

  constructor() {
    super('The state is unknown, expired or already used; start the connection again')
  }
}

export class InitiatorMismatchError extends IntegrationError {
  readonly code = 'initiator_mismatch'
  readonly isRetryable = false

  constructor() {
    super(
      'The connection was started by another user or session; the user who started it must finish it, or start again',
    )
  }
}

export class BrowserMismatchError extends IntegrationError {
  readonly code = 'browser_mismatch'
  readonly isRetryable = false

  constructor() {
    super('The connection was started in another browser; finish it where it was started, or start again')
  }
}

export class ExchangeRejectedError extends IntegrationError {
  readonly code = 'exchange_rejected'
  readonly isRetryable = false

  constructor(provider: string) {
    super(`${provider} refused the authorization code; start the connection again`)
  }
}

/** The person left out a permission, or took it back. `missing` names them as the provider does. */
export class ScopeMissingError extends IntegrationError {
  readonly code = 'scope_missing'
  readonly isRetryable = false
  readonly missing: readonly string[]

  constructor(provider: string, missing: readonly string[]) {
    super(`${provider} did not grant what is needed (${missing.join(', ')}); connect again and allow it`)
    this.missing = missing
  }
}

export class NoAdAccountsError extends IntegrationError {
  readonly code = 'no_ad_accounts'
  readonly isRetryable = false

  constructor(provider: string) {
    super(
      `The person who connected has no access to a usable account at ${provider}; ask for access to one there, then connect again`,
    )
  }
}

export class AccountUnknownError extends IntegrationError {
  readonly code = 'account_unknown'
  readonly isRetryable = false

  constructor() {
    super('The account is not one that this connection reaches; choose one of its listed accounts')
  }
}

/** A consent would silently replace the connection of somebody else; what was connected stays. */
export class AccountChangedError extends IntegrationError {
  readonly code = 'account_changed'
  readonly isRetryable = false

  constructor(provider: string) {
    super(
      `The new consent is from a different person at ${provider}, or reaches different accounts; disconnect first, or allow the change explicitly`,
    )
  }
}

export class ApiKeyInvalidError extends IntegrationError {
  readonly code = 'api_key_invalid'
  readonly isRetryable = false

  constructor(provider: string, problem: string) {
    super(`The ${provider} API key ${problem}; create a key in ${provider} and connect with it`)
  }
}

/** Also the answer to another tenant's connection. */
export class NotConnectedError extends IntegrationError {
  readonly code = 'not_connected'
  readonly isRetryable = false

  constructor(provider: string) {
    super(`This tenant has no live connection to ${provider}; connect it first`)
  }
}

/** The grant is dead; only a person can give a new one. */
export class ReauthorizationRequiredError extends IntegrationError {
  readonly code = 'reauthorization_required'
  readonly isRetryable = false
  readonly reason: ReauthReason

  constructor(provider: string, reason: ReauthReason) {
    super(`The connection to ${provider} needs a person to connect again (${reason})`)
    this.reason = reason
  }
}

/** The provider's API refuses a token that the provider issued after the one before was refused as well. */
export class TokenRejectedError extends IntegrationError {
  readonly code = 'token_rejected'
  readonly isRetryable = false

  constructor(provider: string) {
    super(
      `${provider} refuses its own new token; the connection is kept: check what this application and the account may do there`,
    )
  }
}

export class RefreshPendingError extends IntegrationError {
  readonly code = 'refresh_pending'
  readonly isRetryable = true

  constructor(provider: string) {
    super(`A refresh of the ${provider} token is under way or about to be retried; call again shortly`)
  }
}

/** The provider cannot be reached or is in trouble; nothing is wrong with the connection. */
export class ProviderUnavailableError extends IntegrationError {
  readonly code = 'provider_unavailable'
  readonly isRetryable = true

  constructor(provider: string) {
    super(`${provider} did not give a usable answer; the connection is kept, call again later`)
  }
}

/** The provider, or the budget of the app, asks to wait. */
export class RateLimitedError extends IntegrationError {
  readonly code = 'rate_limited'
  readonly isRetryable = true
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly retryAt: Instant

  constructor(provider: string, retryAt: Instant) {
    super(`Requests to ${provider} have to wait; call again after retryAt`)
    this.retryAt = retryAt
  }
}

/** The app's registration at the provider is wrong (its secret, redirect URI, level); no tenant can mend it. */
export class ProviderMisconfiguredError extends IntegrationError {
  readonly code = 'provider_misconfigured'
  readonly isRetryable = false

  constructor(provider: string, providerCode: string) {
    super(
      `${provider} refused this application (${providerCode}); check its client id, secret and redirect URI there`,
    )
  }
}

export class ProviderResponseInvalidError extends IntegrationError {
  readonly code = 'provider_response_invalid'
  readonly isRetryable = true

  constructor(provider: string) {
    super(
      `${provider} gave an answer that does not match its documentation; nothing was stored, call again later`,
    )
  }
}

/** Postgres or Redis cannot be reached, or did not answer in time. Where this may be thrown, MigrationConflictError may be too. */
export class StoreUnavailableError extends IntegrationError {
  readonly code = 'store_unavailable'
  readonly isRetryable = true

  /** Whether what was asked may have been done all the same: only the answer was lost. */
  readonly isUncertain: boolean

  constructor(store: string, advice = 'call again later', isUncertain = false) {
    super(`${store} is not available; ${advice}`)
    this.isUncertain = isUncertain
  }
}

/** The connection changed between reading and writing. */
export class StaleConnectionError extends IntegrationError {
  readonly code = 'stale_connection'
  readonly isRetryable = true

  constructor() {
    super('The connection was changed by somebody else at the same time; read it again and retry')
  }
}

/** The key management service, or the store of its data keys, cannot be had. */
export class CipherUnavailableError extends IntegrationError {
  readonly code = 'cipher_unavailable'
  readonly isRetryable = true

  constructor(problem: string) {
    super(`The encryption key is not available right now: ${problem}`)
  }
}

const NO_SUCH_KEY =
  'which is not configured; add it as a previous key (a revoked data key cannot be restored)'

/** A stored value needs a key that is not configured, or was revoked. */
export class CipherKeyUnknownError extends IntegrationError {
  readonly code = 'cipher_key_unknown'
  readonly isRetryable = false

  constructor(keyId: string, problem = NO_SUCH_KEY) {
    super(`A value is sealed under key ${keyId}, ${problem}`)
  }
}

export class CipherValueInvalidError extends IntegrationError {
  readonly code = 'cipher_value_invalid'
  readonly isRetryable = false
  /** What of a sealed value a newer release may know: then it is this process that is too old, not the value wrong. */
  readonly unknown: 'version' | 'suite' | undefined

  constructor(problem: string, unknown?: 'version' | 'suite') {
    super(`Not a value that can be sealed or opened: ${problem}`)
    this.unknown = unknown
  }
}

/** A stored value is not what was sealed for this place (AES-GCM). */
export class CipherAuthenticationFailedError extends IntegrationError {
  readonly code = 'cipher_authentication_failed'
  readonly isRetryable = false

  constructor() {
    super(
      'A sealed value was altered, or belongs to another tenant, connection, field or version; restore the row from a backup, or disconnect and connect again',
    )
  }
}

/**
 * The database is not as this version's migrations make it: one is missing, unknown, changed, or cannot be applied, or what
 * keeps tenants apart is gone.
 */
export class MigrationConflictError extends IntegrationError {
  readonly code = 'migration_conflict'
  readonly isRetryable = false
}

/** Every error of the library, so that a `switch` over `code` can be exhaustive. */
export type AnyIntegrationError =
  | ConfigInvalidError
  | TenantInvalidError
  | ReturnUrlRefusedError
  | LimitExceededError
  | AuthorizationDeniedError
  | CallbackInvalidError
  | StateInvalidError
  | InitiatorMismatchError
  | BrowserMismatchError
  | ExchangeRejectedError
  | ScopeMissingError
  | NoAdAccountsError
  | AccountUnknownError
  | AccountChangedError
  | ApiKeyInvalidError
  | NotConnectedError
  | ReauthorizationRequiredError
  | TokenRejectedError
  | RefreshPendingError
  | ProviderUnavailableError
  | RateLimitedError
  | ProviderMisconfiguredError
  | ProviderResponseInvalidError
  | StoreUnavailableError
  | StaleConnectionError
  | CipherUnavailableError
  | CipherKeyUnknownError
  | CipherValueInvalidError
  | CipherAuthenticationFailedError
  | MigrationConflictError

/** Every value of `code`. */
export type IntegrationErrorCode = AnyIntegrationError['code']
