import type { Answer } from './exchange.ts'
import type { Fault } from './faults.ts'
import { quotaError } from './google-ads/ads-error.ts'
import { klaviyoThrottle } from './klaviyo/problem.ts'
import { graphError } from './meta/graph-error.ts'
import { rateLimitAnswer } from './meta/rate-limit.ts'
import type { MetaRateLimitCode } from './meta/rate-limit.ts'
import { tiktokAnswer } from './tiktok/envelope.ts'

/** The platforms' own ways of saying no, for `fail`. Spread one to add `times` or a delay. */
export const emulatorFaults = {
  /** Meta's throttles, with the time to wait in the usage headers. */
  metaThrottle: (code: MetaRateLimitCode, minutes = 1): Fault => asFault(rateLimitAnswer(code, minutes)),
  /** Meta's error envelope with that code, HTTP 400. */
  metaError: (code: number, subcode?: number): Fault =>
    asFault(
      graphError({
        code,
        ...(subcode === undefined ? {} : { subcode }),
        message: `(#${code}) Emulated error`,
      }),
    ),
  /** Meta's "please retry": code 2, HTTP 500. */
  metaTransient: (): Fault =>
    asFault(
      graphError({ status: 500, code: 2, isTransient: true, message: 'Service temporarily unavailable' }),
    ),
  /** Google Ads' 429 with retryDelay in the details and no Retry-After header. */
  googleQuota: (seconds: number): Fault => asFault(quotaError(seconds)),
  /** TikTok's HTTP 200 with that code. */
  tiktokCode: (code: number, message = 'Emulated error'): Fault => asFault(tiktokAnswer(code, message)),
  /** Klaviyo's 429 with Retry-After. */
  klaviyoThrottle: (seconds: number): Fault => asFault(klaviyoThrottle(seconds)),
} as const

function asFault({ status, headers, body }: Answer): Fault {
  return { status, headers, body }
}
