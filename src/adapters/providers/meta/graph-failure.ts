import { z } from 'zod'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../domain/model/time.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import { listOf } from '../http/list-of.ts'
import type { HttpAnswer } from '../http/provider-http.ts'
import { parseRetryAfter } from '../http/retry-after.ts'

/** What the refused request presented: the same Graph code means another thing for each. */
export type Presented = 'authorization_code' | 'access_token' | 'app_token'

export interface GraphError {
  readonly code: number
  readonly subcode?: number | undefined
  readonly message?: string | undefined
  readonly isTransient?: boolean | undefined
}

const envelope = z.object({
  error: z.object({
    code: z.int(),
    error_subcode: z.int().optional().catch(undefined),
    message: z.string().optional().catch(undefined),
    is_transient: z.boolean().optional().catch(undefined),
  }),
})

/** The error that an answer carries, whatever its status; Graph sends errors with HTTP 200 as well. */
export function graphErrorIn(body: unknown): GraphError | undefined {
  const parsed = envelope.safeParse(body)
  if (!parsed.success) return undefined
  const { code, error_subcode: subcode, message, is_transient: isTransient } = parsed.data.error
  return { code, subcode, message, isTransient }
}

/** What Graph's own error means. The HTTP status is no guide: most of it is 400, throttles included. */
export function graphFailure(
  error: GraphError,
  context: { readonly presented: Presented; readonly answer: HttpAnswer; readonly now: Instant },
): ProviderFailure {
  const kind = kindOf(error, context.presented)
  const { code, subcode } = error
  return new ProviderFailure({
    kind,
    delivery: 'answered',
    providerCode: subcode === undefined ? `${code}` : `${code}/${subcode}`,
    retryAfterMs: code === TEMPORARILY_BLOCKED ? HOUR_MS : waitOf(kind, context.answer, context.now),
    concerns: code === USER_THROTTLE || isBusinessUseCase(code) ? 'connection' : 'app',
  })
}

/** One person or ad account asked too often. */
const USER_THROTTLE = 17
const THROTTLES: ReadonlySet<number> = new Set([4, USER_THROTTLE, 32, 341, 613])
const THROTTLE_SUBCODES: ReadonlySet<number> = new Set([2_446_079, 2_494_055])
const DEAD_TOKEN: ReadonlySet<number> = new Set([102, 190])
/** 3: the app lacks a capability; 100: invalid parameter; 101: unknown app; 191: redirect URI; 2500: unknown path. */
const OUR_FAULT: ReadonlySet<number> = new Set([3, 100, 101, 191, 2500])
/** For a while, and for this person alone: waiting is right, pausing everybody else is not. */
const TEMPORARILY_BLOCKED = 368

function kindOf(error: GraphError, presented: Presented): FailureKind {
  const { code, subcode, message = '', isTransient = false } = error
  const isThrottled = THROTTLES.has(code) || isBusinessUseCase(code)
  if (isThrottled || (subcode !== undefined && THROTTLE_SUBCODES.has(subcode))) return 'rate_limited'
  if (isTransient) return 'transient'
  // A wrong app secret has no code of its own: it comes as 1, like any unknown error.
  if (code === 1 && /client secret/i.test(message)) return 'misconfigured'
  if (presented === 'authorization_code' && (code === 100 || DEAD_TOKEN.has(code))) return 'restart_flow'
  // An app token is made of our own id and secret: its refusal says nothing of any person's token.
  if (DEAD_TOKEN.has(code)) return presented === 'app_token' ? 'misconfigured' : 'reauthorize'
  if (code === 10 || (code >= 200 && code <= 299)) return 'permission'
  return OUR_FAULT.has(code) ? 'misconfigured' : 'transient'
}

/** Limits of one business or account, whatever the app asks for others. */
function isBusinessUseCase(code: number): boolean {
  return code >= 80_000 && code <= 80_014
}

function waitOf(kind: FailureKind, answer: HttpAnswer, now: Instant): number | undefined {
  const stated = parseRetryAfter(answer.header('retry-after'), now)
  if (kind !== 'rate_limited') return stated
  return stated ?? businessUseCaseWait(answer) ?? adAccountWait(answer) ?? MINUTE_MS
}

const businessUseCaseUsage = z.record(
  z.string(),
  listOf(z.object({ estimated_time_to_regain_access: z.number().nonnegative() })),
)

/** In minutes, 0 where nothing is blocked. */
function businessUseCaseWait(answer: HttpAnswer): number | undefined {
  const usage = businessUseCaseUsage.safeParse(headerJson(answer, 'x-business-use-case-usage'))
  if (!usage.success) return undefined
  const minutes = Object.values(usage.data).flatMap((uses) =>
    uses.map(({ estimated_time_to_regain_access: wait }) => wait),
  )
  return positive(Math.max(0, ...minutes) * MINUTE_MS)
}

const adAccountUsage = z.object({ reset_time_duration: z.number().nonnegative() })

/** In seconds. */
function adAccountWait(answer: HttpAnswer): number | undefined {
  const usage = adAccountUsage.safeParse(headerJson(answer, 'x-ad-account-usage'))
  return usage.success ? positive(usage.data.reset_time_duration * SECOND_MS) : undefined
}

function positive(ms: number): number | undefined {
  return ms > 0 ? ms : undefined
}

function headerJson(answer: HttpAnswer, name: string): unknown {
  try {
    const value: unknown = JSON.parse(answer.header(name) ?? '')
    return value
  } catch {
    return undefined
  }
}
