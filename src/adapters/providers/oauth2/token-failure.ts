import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import { statusFailure } from '../http/failures.ts'
import { parseJson } from '../http/json-answer.ts'
import type { HttpAnswer } from '../http/provider-http.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import type { ParsedDefinition } from './definition.ts'
import { textAt } from './json.ts'

export type Grant = 'exchange' | 'refresh'

/**
 * Codes of RFC 6749 §5.2, §4.1.2.1, RFC 8707 §2, and what platforms say for the same. A code that is not listed is
 * never taken for the end of a credential.
 */
const KINDS: Readonly<Record<string, FailureKind>> = {
  invalid_client: 'misconfigured',
  unauthorized_client: 'misconfigured',
  deleted_client: 'misconfigured',
  invalid_request: 'misconfigured',
  invalid_scope: 'misconfigured',
  invalid_target: 'misconfigured',
  invalid_code_verifier: 'misconfigured',
  invalid_redirect_uri: 'misconfigured',
  redirect_uri_mismatch: 'misconfigured',
  unsupported_grant_type: 'misconfigured',
  access_denied: 'permission',
  admin_policy_enforced: 'permission',
  org_internal: 'permission',
  slow_down: 'rate_limited',
}

/** What a refusal of the token endpoint means. A server's error status leaves open whether it acted. */
export function tokenFailure(
  definition: ParsedDefinition,
  grant: Grant,
  answer: HttpAnswer,
  now: Instant,
): ProviderFailure {
  const { status } = answer
  const body = parseJson(answer.text)?.value
  const code = textAt(body, definition.token.success?.path ?? 'error')
  if (code === undefined) return withoutCode(definition, answer, now)
  const retryAfterMs = parseRetryAfter(answer.header('retry-after'), now)
  if (status === 429) {
    return new ProviderFailure({
      kind: 'rate_limited',
      delivery: 'answered',
      providerCode: shortCode(code) ?? 'http_429',
      retryAfterMs,
      concerns: definition.throttles,
    })
  }
  if (status >= 500) {
    const providerCode = shortCode(code) ?? `http_${status}`
    return new ProviderFailure({ kind: 'transient', delivery: 'uncertain', providerCode, retryAfterMs })
  }
  const kind = kindOf(definition, grant, code)
  const isTrusted = status >= 400 || definition.token.success !== undefined
  // An error in a success answer is not what RFC 6749 §5.2 describes: no reason to give a credential up.
  const judged = kind === 'reauthorize' && !isTrusted ? 'transient' : kind
  return new ProviderFailure({
    kind: judged,
    delivery: 'answered',
    providerCode: shortCode(code) ?? 'unknown_error',
    retryAfterMs,
    ...(judged === 'rate_limited' ? { concerns: definition.throttles } : {}),
  })
}

/** The platform's own code where it looks like one; a body that echoes a secret must not reach an error. */
export function shortCode(code: string | undefined): string | undefined {
  return code !== undefined && /^([a-z]+(_[a-z]+)*|\d{1,8})$/.test(code) && code.length <= 40
    ? code
    : undefined
}

function kindOf({ failures }: ParsedDefinition, grant: Grant, code: string): FailureKind {
  const isCodeBad = failures.restartFlow.includes(code)
  const isTokenDead = failures.reauthorize.includes(code)
  if (grant === 'exchange' && (code === 'invalid_grant' || isCodeBad || isTokenDead)) return 'restart_flow'
  if (grant === 'refresh' && (code === 'invalid_grant' || isTokenDead)) return 'reauthorize'
  if (failures.permission.includes(code)) return 'permission'
  if (failures.misconfigured.includes(code)) return 'misconfigured'
  if (failures.transient.includes(code)) return 'transient'
  return Object.hasOwn(KINDS, code) ? (KINDS[code] ?? 'transient') : 'transient'
}

/** Without a code a 401 can only be about the app: the token endpoint authenticates nobody else (RFC 6749 §5.2). */
function withoutCode(definition: ParsedDefinition, answer: HttpAnswer, now: Instant): ProviderFailure {
  return answer.status === 401
    ? new ProviderFailure({ kind: 'misconfigured', delivery: 'answered', providerCode: 'http_401' })
    : statusFailure(answer, now, definition.throttles)
}
