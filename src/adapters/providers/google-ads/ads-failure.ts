import { z } from 'zod'
import { SECOND_MS } from '../../../domain/model/time.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import { statusFailure } from '../http/failures.ts'
import { listOf, MAX_ERRORS } from '../http/list-of.ts'
import type { HttpAnswer } from '../http/provider-http.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import { parseJson } from '../http/json-answer.ts'
import { ADWORDS_SCOPE } from './definition.ts'

/** The Google login has never used Google Ads: the credential lives, and reaches nothing. */
export const NOT_ADS_USER = 'authenticationError/NOT_ADS_USER'
/** The person did not tick the Google Ads permission. */
export const SCOPE_INSUFFICIENT = 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'

/** Codes about the one account that was asked for. */
const OUT_OF_REACH = [
  'authenticationError/CUSTOMER_NOT_FOUND',
  'authenticationError/CLIENT_CUSTOMER_ID_INVALID',
  'authorizationError/USER_PERMISSION_DENIED',
  'authorizationError/CUSTOMER_NOT_ENABLED',
  'authorizationError/INCOMPLETE_SIGNUP',
  'authorizationError/INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION',
  'authorizationError/ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT',
  'authorizationError/ACCESS_DENIED_FOR_ACCOUNT_TYPE',
  'headerError/INVALID_LOGIN_CUSTOMER_ID',
]

/** Codes of v25, by what they mean. */
const CODES = {
  reauthorize: [
    'authenticationError/OAUTH_TOKEN_REVOKED',
    'authenticationError/OAUTH_TOKEN_DISABLED',
    'authenticationError/OAUTH_TOKEN_EXPIRED',
    'authenticationError/OAUTH_TOKEN_INVALID',
    'authenticationError/GOOGLE_ACCOUNT_COOKIE_INVALID',
    'authenticationError/GOOGLE_ACCOUNT_DELETED',
    'authenticationError/GOOGLE_ACCOUNT_AUTHENTICATION_FAILED',
    'authenticationError/AUTHENTICATION_ERROR',
  ],
  permission: [
    ...OUT_OF_REACH,
    NOT_ADS_USER,
    SCOPE_INSUFFICIENT,
    'authenticationError/TWO_STEP_VERIFICATION_NOT_ENROLLED',
    'authenticationError/ADVANCED_PROTECTION_NOT_ENROLLED',
  ],
  misconfigured: [
    'authorizationError/DEVELOPER_TOKEN_NOT_APPROVED',
    'authorizationError/DEVELOPER_TOKEN_PROHIBITED',
    'authorizationError/DEVELOPER_TOKEN_NOT_ON_ALLOWLIST',
    'authorizationError/PROJECT_DISABLED',
    'authorizationError/MISSING_TOS',
    'authorizationError/CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION',
    'authorizationError/CLOUD_PROJECT_NOT_UNDER_ORGANIZATION',
    'authorizationError/SERVICE_ACCESS_DENIED',
    'authenticationError/DEVELOPER_TOKEN_INVALID',
    'authenticationError/OAUTH_TOKEN_HEADER_INVALID',
    'authenticationError/ORGANIZATION_NOT_RECOGNIZED',
    'authenticationError/ORGANIZATION_NOT_APPROVED',
    'authenticationError/ORGANIZATION_NOT_ASSOCIATED_WITH_DEVELOPER_TOKEN',
    'requestError/UNSUPPORTED_VERSION',
    'requestError/DEVELOPER_TOKEN_PARAMETER_MISSING',
    'requestError/LOGIN_CUSTOMER_ID_PARAMETER_MISSING',
    'requestError/CLOUD_PROJECT_NOT_FOUND',
  ],
  rate_limited: [
    'quotaError/RESOURCE_EXHAUSTED',
    'quotaError/RESOURCE_TEMPORARILY_EXHAUSTED',
    'quotaError/EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION',
    'quotaError/EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION',
    'quotaError/ACCESS_PROHIBITED',
  ],
  transient: [
    'internalError/INTERNAL_ERROR',
    'internalError/TRANSIENT_ERROR',
    'internalError/DEADLINE_EXCEEDED',
  ],
} as const satisfies Partial<Record<FailureKind, readonly string[]>>

function kindOfCode(code: string): FailureKind | undefined {
  const kinds = ['reauthorize', 'permission', 'misconfigured', 'rate_limited', 'transient'] as const
  return kinds.find((kind) => CODES[kind].some((known) => known === code))
}

const adsError = z.object({
  errorCode: z.unknown().optional(),
  details: z
    .object({ quotaErrorDetails: z.object({ retryDelay: z.string() }) })
    .optional()
    .catch(undefined),
})
const detail = z.object({
  reason: z.string().optional().catch(undefined),
  errors: listOf(adsError, MAX_ERRORS).catch([]),
})
const wire = z.object({
  error: z.object({
    status: z.string().catch(''),
    details: listOf(detail, MAX_ERRORS).catch([]),
  }),
})

/** What a refusal of the Google Ads API means: by the code of its GoogleAdsFailure, or by its status if it is Google's own. */
export function adsFailure(answer: HttpAnswer, now: Instant): ProviderFailure {
  const body = parseJson(answer.text)?.value
  // searchStream wraps its error in an array.
  const parsed = wire.safeParse(Array.isArray(body) ? body[0] : body)
  const details = parsed.success ? parsed.data.error.details : []
  const [first] = details.flatMap(({ errors }) => errors)
  const code = codeOf(first?.errorCode) ?? reasonOf(details)
  const kind =
    (code === undefined ? undefined : kindOfCode(code)) ?? kindOfStatus(answer.status, parsed.success)
  if (kind === undefined) return statusFailure(answer, now)
  const retryAfterMs =
    retryDelayMs(first?.details?.quotaErrorDetails.retryDelay) ??
    parseRetryAfter(answer.header('retry-after'), now)
  return new ProviderFailure({
    kind,
    delivery: answer.status >= 500 ? 'uncertain' : 'answered',
    providerCode: code ?? `http_${answer.status}`,
    retryAfterMs,
    missingScopes: code === SCOPE_INSUFFICIENT ? [ADWORDS_SCOPE] : [],
    // Tokens come from another service, whose quota is its own: whatever the Ads API throttles, refreshes go on.
    concerns: 'connection',
  })
}

/** Whether the failure is about the one account that was asked for, and says nothing against the credential. */
export function isAboutOneAccount(error: unknown): error is ProviderFailure {
  return error instanceof ProviderFailure && OUT_OF_REACH.includes(error.providerCode)
}

/** Family and code are the name and value of the one member there is. */
function codeOf(errorCode: unknown): string | undefined {
  if (typeof errorCode !== 'object' || errorCode === null) return undefined
  const [family = ''] = Object.keys(errorCode)
  const code: unknown = Reflect.get(errorCode, family)
  const text = typeof code === 'string' ? `${family}/${code}` : ''
  return /^[a-zA-Z]{1,40}\/[A-Z_]{1,80}$/.test(text) ? text : undefined
}

function reasonOf(details: readonly { readonly reason?: string | undefined }[]): string | undefined {
  return details
    .map(({ reason }) => reason)
    .find((reason) => reason !== undefined && /^[A-Z_]{1,60}$/.test(reason))
}

/** A 404 is how a retired version answers. Any other answer that is not Google's own says nothing about the credential. */
function kindOfStatus(status: number, isGoogles: boolean): FailureKind | undefined {
  if (status === 404) return 'misconfigured'
  if (!isGoogles) return undefined
  if (status === 401) return 'reauthorize'
  if (status === 403) return 'permission'
  if (status === 429) return 'rate_limited'
  return status >= 400 ? 'transient' : undefined
}

/** `5s`, as protobuf writes a duration: the place where Google says how long to wait. */
function retryDelayMs(text: string | undefined): number | undefined {
  const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text ?? '')?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * SECOND_MS)
}
