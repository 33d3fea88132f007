import type { Answer } from '../exchange.ts'
import { graphError } from './graph-error.ts'

/** Meta's throttles: 4 the app, 17 the user, 613 a custom limit, 80004 the ads management of a business. */
export type MetaRateLimitCode = 4 | 17 | 613 | 80004

const messages: Readonly<Record<MetaRateLimitCode, string>> = {
  4: '(#4) Application request limit reached',
  17: '(#17) User request limit reached',
  613: '(#613) Calls to this api have exceeded the rate limit.',
  80004: '(#80004) There have been too many calls to this ad-account. Wait a bit and try again.',
}

/** HTTP 400 (403 for the app's own limit) without Retry-After; the usage headers tell how long, in minutes. */
export function rateLimitAnswer(code: MetaRateLimitCode, minutes = 1): Answer {
  const full = { call_count: 100, total_cputime: 30, total_time: 30 }
  const businessUse = {
    '190000000000001': [
      {
        type: 'ads_management',
        ...full,
        estimated_time_to_regain_access: minutes,
        ads_api_access_tier: 'standard_access',
      },
    ],
  }
  const headers =
    code === 4
      ? { 'x-app-usage': JSON.stringify(full) }
      : code === 80004
        ? { 'x-business-use-case-usage': JSON.stringify(businessUse) }
        : {
            'x-ad-account-usage': JSON.stringify({ acc_id_util_pct: 100, reset_time_duration: minutes * 60 }),
          }
  return graphError({
    status: code === 4 ? 403 : 400,
    code,
    ...(code === 17 ? { subcode: 2_446_079 } : {}),
    message: messages[code],
    headers,
  })
}
