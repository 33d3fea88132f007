import { z } from 'zod'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import { statusFailure } from '../http/failures.ts'
import type { HttpAnswer } from '../http/provider-http.ts'
import { parseJsonWithLongIds } from './long-ids.ts'

export type Call = 'exchange' | 'api'

const OK = 0
/** Some of what was asked for could not be answered. */
const PARTIAL = 20001

const envelope = z.object({
  code: z.union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,8}$/)
      .transform(Number),
  ]),
  data: z.unknown().optional(),
})

/** TikTok's return codes by what they mean; 5xxxx and what is not listed count as its bad minute. */
const CODES: readonly (readonly [FailureKind, readonly number[]])[] = [
  ['reauthorize', [40102, 40103, 40105, 40106, 40107]],
  // 40300 and 40301 are about one advertiser.
  ['permission', [40001, 40118, 40119, 40125, 40300, 40301]],
  ['restart_flow', [40101, 40110, 40115]],
  ['rate_limited', [40016, 40100, 40132, 40133]],
  [
    'misconfigured',
    [
      40000, 40002, 40007, 40008, 40010, 40051, 40104, 40108, 40109, 40113, 40116, 40117, 40124, 41000, 41001,
      41002,
    ],
  ],
]

/**
 * The `data` of an answer. TikTok answers HTTP 200 to nearly everything: only `code` tells.
 * @throws ProviderFailure
 */
export function dataOf(answer: HttpAnswer, call: Call, now: Instant): unknown {
  const { status } = answer
  const parsed = envelope.safeParse(parseJsonWithLongIds(answer.text)?.value)
  const code = parsed.success ? parsed.data.code : undefined
  if (status === 200 && (code === OK || (code === PARTIAL && call === 'api'))) return parsed.data?.data
  if (code === undefined || code === OK || status >= 500) throw withoutCode(answer, now)
  throw new ProviderFailure({ kind: kindOf(code, call), delivery: 'answered', providerCode: String(code) })
}

/** Without its trailing slash, or under a version that is gone, a path answers 404. */
function withoutCode(answer: HttpAnswer, now: Instant): ProviderFailure {
  return answer.status === 404
    ? new ProviderFailure({ kind: 'misconfigured', delivery: 'answered', providerCode: 'http_404' })
    : statusFailure(answer, now)
}

function kindOf(code: number, call: Call): FailureKind {
  const kind = CODES.find(([, codes]) => codes.includes(code))?.[0] ?? 'transient'
  // The same code says that the authorization code is bad, or that the app's own parameters are.
  if (kind === 'restart_flow' && call === 'api') return 'misconfigured'
  return kind === 'reauthorize' && call === 'exchange' ? 'restart_flow' : kind
}
