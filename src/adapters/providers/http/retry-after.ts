import type { Instant } from '../../../domain/model/time.ts'
import { SECOND_MS } from '../../../domain/model/time.ts'

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3), whole seconds or an HTTP date; `undefined` when it is neither. A date that is
 * over counts as 0. How long is too long is for the caller to say.
 */
export function parseRetryAfter(header: string | undefined, now: Instant): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d{1,12}$/.test(text)) return Number(text) * SECOND_MS
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
