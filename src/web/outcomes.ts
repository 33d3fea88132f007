import type { AnyIntegrationError, IntegrationErrorCode } from '../domain/errors.ts'
import { isIntegrationError } from '../domain/errors.ts'
import { DEFAULT_LABEL } from '../domain/model/identifiers.ts'
import type { ConnectionLabel, ProviderName } from '../domain/model/identifiers.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import type { Instant } from '../domain/model/time.ts'
import { Refusal } from './refusal.ts'
import type { RefusalCode } from './refusal.ts'

/** What a form leads to when it worked. */
export type SuccessCode =
  'connected' | 'account_selected' | 'accounts_updated' | 'lists_saved' | 'refreshed' | 'disconnected'

export type FailureCode = IntegrationErrorCode | RefusalCode | 'internal_error'

/** The fixed vocabulary of the `result` parameter on a return URL; nothing a provider wrote is ever in it. */
export type ResultCode = SuccessCode | FailureCode

export interface Failure {
  readonly status: number
  readonly code: FailureCode
  /** For developers; pages use words of their own. */
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

const STATUS: Readonly<Record<IntegrationErrorCode, number>> = {
  config_invalid: 503,
  tenant_invalid: 500,
  return_url_refused: 400,
  limit_exceeded: 429,
  authorization_denied: 400,
  callback_invalid: 400,
  state_invalid: 400,
  initiator_mismatch: 403,
  browser_mismatch: 403,
  exchange_rejected: 400,
  scope_missing: 409,
  no_ad_accounts: 409,
  account_unknown: 404,
  account_changed: 409,
  api_key_invalid: 422,
  not_connected: 404,
  reauthorization_required: 409,
  refresh_pending: 503,
  provider_unavailable: 503,
  rate_limited: 503,
  provider_misconfigured: 503,
  provider_response_invalid: 502,
  token_rejected: 502,
  store_unavailable: 503,
  stale_connection: 409,
  cipher_unavailable: 503,
  cipher_key_unknown: 500,
  cipher_value_invalid: 500,
  cipher_authentication_failed: 500,
  migration_conflict: 500,
}

/** Codes whose messages are for the operator, naming variables or keys: a tenant's user is told what it means for them. */
const OPERATORS: ReadonlySet<string> = new Set([
  'config_invalid',
  'tenant_invalid',
  'provider_misconfigured',
  'cipher_key_unknown',
  'cipher_value_invalid',
  'cipher_authentication_failed',
  'migration_conflict',
])
/** The same for what passes. */
const OUTAGES: ReadonlySet<string> = new Set(['store_unavailable', 'cipher_unavailable'])

const OPERATORS_MESSAGE = 'Something is not set up rightly on this installation; ask its operator'
const OUTAGE_MESSAGE = 'This installation cannot reach something that it needs; call again later'

/** What the sender of a request is told of an error, whichever it is. */
export function failureOf(error: unknown, now: Instant): Failure {
  if (error instanceof Refusal) {
    const headers = error.allowed.length === 0 ? {} : { allow: error.allowed.join(', ') }
    return { status: error.status, code: error.code, message: error.message, headers }
  }
  if (isIntegrationError(error)) {
    const { code } = error
    return {
      status: STATUS[code],
      code,
      message: messageFor(error),
      headers: 'retryAt' in error ? { 'retry-after': secondsUntil(error.retryAt, now) } : {},
    }
  }
  return { status: 500, code: 'internal_error', message: 'Something went wrong here; try again', headers: {} }
}

/** Whether the operator should hear of it: what no user can cause or mend. */
export function concernsOperator(error: unknown): boolean {
  if (error instanceof Refusal) return false
  if (!isIntegrationError(error)) return true
  return STATUS[error.code] === 500 || OPERATORS.has(error.code) || OUTAGES.has(error.code)
}

function messageFor({ code, message }: AnyIntegrationError): string {
  if (OUTAGES.has(code)) return OUTAGE_MESSAGE
  return OPERATORS.has(code) ? OPERATORS_MESSAGE : message
}

const SUCCESS_CODES: readonly string[] = [
  'connected',
  'account_selected',
  'accounts_updated',
  'lists_saved',
  'refreshed',
  'disconnected',
] satisfies readonly SuccessCode[]

export function isSuccessCode(code: string): code is SuccessCode {
  return SUCCESS_CODES.includes(code)
}

/** What became of a connection, as a return URL tells it. */
export interface Outcome {
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  readonly result: ResultCode
}

/**
 * The return URL with the outcome in its query, and the label where it is not the default one; what is there already
 * stays as it is, byte for byte.
 */
export function withOutcome(returnUrl: string, { provider, label, result }: Outcome): string {
  const [beforeFragment = '', ...fragment] = returnUrl.split('#')
  const query = new URLSearchParams({ integration: provider, ...labelFields(label), result }).toString()
  const joined = `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${query}`
  return fragment.length === 0 ? joined : `${joined}#${fragment.join('#')}`
}

/** How forms, links and outcomes name a connection beside its provider: not at all when it is the default one. */
export function labelFields(label: ConnectionLabel): Readonly<Record<string, string>> {
  return label === DEFAULT_LABEL ? {} : { label }
}

function secondsUntil(at: Instant, now: Instant): string {
  return String(Math.max(1, Math.ceil((at - now) / SECOND_MS)))
}
