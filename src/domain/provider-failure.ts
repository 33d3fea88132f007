import type { ProviderSubject } from './model/connection.ts'

/**
 * What a provider's failure means for a connection.
 * - `reauthorize`: a definitive answer that the presented credential is dead; the only kind that may end a connection
 * - `permission`: the credential lives, but may not do this
 * - `rate_limited`: wait
 * - `transient`: temporary trouble: network, 5xx, an unusable body
 * - `misconfigured`: our app's fault; no connection is touched
 * - `restart_flow`: the authorization code is no good; the person starts again
 */
export type FailureKind =
  'reauthorize' | 'permission' | 'rate_limited' | 'transient' | 'misconfigured' | 'restart_flow'

/**
 * What is known of the request that failed. `not_sent`: it certainly never reached the provider (DNS, refused, TLS).
 * `answered`: a whole answer was read and understood as a refusal. `uncertain`: the provider may have acted on it.
 */
export type Delivery = 'not_sent' | 'answered' | 'uncertain'

/** What a failure affects. `connection`: another person or account of the same app would have been answered. */
export type Concern = 'app' | 'connection'

interface FailureFacts {
  readonly kind: FailureKind
  readonly delivery: Delivery
  /** The provider's own short code, e.g. `invalid_grant` or `190/460`; never its message. */
  readonly providerCode: string
  readonly retryAfterMs?: number | undefined
  /** For `permission`: scopes that are missing, when the provider says which. */
  readonly missingScopes?: readonly string[] | undefined
  readonly subject?: ProviderSubject | undefined
  /** For `rate_limited` and `misconfigured`, which may concern the whole app; absent: they do. */
  readonly concerns?: Concern | undefined
}

const RESPONSE_INVALID = 'response_invalid'

/**
 * What a ProviderClient rejects with, whatever went wrong. It stays inside: services turn it into an error of the
 * public set. It holds no response body, URL, header or cause.
 */
export class ProviderFailure extends Error {
  readonly kind: FailureKind
  readonly delivery: Delivery
  readonly providerCode: string
  readonly retryAfterMs: number | undefined
  readonly missingScopes: readonly string[]
  /** Whose credential was presented, if the provider said so before it failed. */
  readonly subject: ProviderSubject | undefined
  readonly concerns: Concern

  constructor(facts: FailureFacts) {
    super(`The provider call failed: ${facts.kind} (${facts.providerCode}, ${facts.delivery})`)
    this.name = 'ProviderFailure'
    this.kind = facts.kind
    this.delivery = facts.delivery
    this.providerCode = facts.providerCode
    this.retryAfterMs = facts.retryAfterMs
    this.missingScopes = facts.missingScopes ?? []
    this.subject = facts.subject
    this.concerns = facts.concerns ?? 'app'
  }

  /** The same failure with the person whose credential it was: the grant of an unknown person is never revoked. */
  of(subject: ProviderSubject | undefined): ProviderFailure {
    const { kind, delivery, providerCode, retryAfterMs, missingScopes, concerns } = this
    return new ProviderFailure({
      kind,
      delivery,
      providerCode,
      retryAfterMs,
      missingScopes,
      subject,
      concerns,
    })
  }
}

/** An answer came that cannot be understood, so nobody knows what the provider did. */
export function responseInvalid(): ProviderFailure {
  return new ProviderFailure({ kind: 'transient', delivery: 'uncertain', providerCode: RESPONSE_INVALID })
}

export function isResponseInvalid({ kind, providerCode }: ProviderFailure): boolean {
  return kind === 'transient' && providerCode === RESPONSE_INVALID
}
