import { isIntegrationError } from '../domain/errors.ts'
import type { AnyIntegrationError, IntegrationErrorCode } from '../domain/errors.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import type { Instant } from '../domain/model/time.ts'
import type { HandlerContext } from './handler-context.ts'
import { Refusal } from './refusal.ts'
import type { RefusalCode } from './refusal.ts'

export type FailureCode = IntegrationErrorCode | RefusalCode | 'internal_error'

/** What the sender of a request is told about an error. */
export interface Failure {
  readonly status: number
  readonly code: FailureCode
  /** For developers; pages use words of their own. */
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Who reads an error's own message. It goes to the sender where the sender can do something about it. Otherwise the
 * operator finds it in the log, because it names variables or keys (`operator`) or tells what is down (`outage`), and the
 * sender gets a fixed text.
 */
type Audience = 'sender' | 'operator' | 'outage'

const FAILURES: Readonly<
  Record<IntegrationErrorCode, { readonly status: number; readonly audience: Audience }>
> = {
  config_invalid: { status: 503, audience: 'operator' },
  tenant_invalid: { status: 500, audience: 'operator' },
  return_url_refused: { status: 400, audience: 'sender' },
  limit_exceeded: { status: 429, audience: 'sender' },
  authorization_denied: { status: 400, audience: 'sender' },
  callback_invalid: { status: 400, audience: 'sender' },
  state_invalid: { status: 400, audience: 'sender' },
  initiator_mismatch: { status: 403, audience: 'sender' },
  browser_mismatch: { status: 403, audience: 'sender' },
  exchange_rejected: { status: 400, audience: 'sender' },
  scope_missing: { status: 409, audience: 'sender' },
  no_ad_accounts: { status: 409, audience: 'sender' },
  account_unknown: { status: 404, audience: 'sender' },
  account_changed: { status: 409, audience: 'sender' },
  api_key_invalid: { status: 422, audience: 'sender' },
  not_connected: { status: 404, audience: 'sender' },
  reauthorization_required: { status: 409, audience: 'sender' },
  refresh_pending: { status: 503, audience: 'sender' },
  provider_unavailable: { status: 503, audience: 'sender' },
  rate_limited: { status: 503, audience: 'sender' },
  provider_misconfigured: { status: 503, audience: 'operator' },
  provider_response_invalid: { status: 502, audience: 'sender' },
  token_rejected: { status: 502, audience: 'sender' },
  store_unavailable: { status: 503, audience: 'outage' },
  stale_connection: { status: 409, audience: 'sender' },
  cipher_unavailable: { status: 503, audience: 'outage' },
  cipher_key_unknown: { status: 500, audience: 'operator' },
  cipher_value_invalid: { status: 500, audience: 'operator' },
  cipher_authentication_failed: { status: 500, audience: 'operator' },
  migration_conflict: { status: 500, audience: 'operator' },
}

const FIXED_MESSAGES: Readonly<Record<Exclude<Audience, 'sender'>, string>> = {
  operator: 'This installation is not configured correctly; ask its operator',
  outage: 'This installation cannot reach something it needs; call again later',
}

const INTERNAL: Failure = {
  status: 500,
  code: 'internal_error',
  message: 'Something went wrong here; try again',
  headers: {},
}

/**
 * Turns any error into what the sender of the request is told, and logs the errors that an operator should know about.
 * Every kind of answer goes through here, so that a page, JSON and a redirect are all logged.
 */
export function reportFailure({ clock, logger }: HandlerContext, error: unknown): Failure {
  if (error instanceof Refusal) {
    const headers = error.allowed.length === 0 ? {} : { allow: error.allowed.join(', ') }
    return { status: error.status, code: error.code, message: error.message, headers }
  }
  const log = (fields: Readonly<Record<string, string>>): void =>
    logger.log('error', 'A request to the integrations handler failed', fields)
  if (!isIntegrationError(error)) {
    // Only its kind is logged: its message may quote what it failed on.
    log({ code: INTERNAL.code, kind: error instanceof Error ? error.name : typeof error })
    return INTERNAL
  }
  const { code, message: reason, name: kind } = error
  const { audience, status } = FAILURES[code]
  if (audience !== 'sender') log({ code, kind, reason })
  const message = audience === 'sender' ? reason : FIXED_MESSAGES[audience]
  return { status, code, message, headers: retryHeaders(error, clock.now()) }
}

function retryHeaders(error: AnyIntegrationError, now: Instant): Readonly<Record<string, string>> {
  if (!('retryAt' in error)) return {}
  return { 'retry-after': String(Math.max(1, Math.ceil((error.retryAt - now) / SECOND_MS))) }
}
