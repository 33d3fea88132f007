import { z } from 'zod'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import { statusFailure } from '../http/failures.ts'
import { jsonOf } from '../http/json-answer.ts'
import { listOf, MAX_ERRORS } from '../http/list-of.ts'
import type { HttpAnswer, ProviderHttp } from '../http/provider-http.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import { sharingTime } from '../http/shared-time.ts'

export type Resource = 'accounts' | 'lists' | 'segments'

export interface KlaviyoApiOptions {
  readonly http: ProviderHttp
  /** `https://a.klaviyo.com/api`, without a slash at the end. */
  readonly base: string
  readonly now: () => Instant
}

/** Klaviyo serves each revision of its API for two years. */
const REVISION = '2026-07-15'

/** Klaviyo's API as the holder of a private key sees it; every method rejects with ProviderFailure and sends once. */
export class KlaviyoApi {
  readonly #options: KlaviyoApiOptions

  constructor(options: KlaviyoApiOptions) {
    this.#options = options
  }

  /** For one examination, whose calls share their time. */
  forExamination(): KlaviyoApi {
    return new KlaviyoApi({ ...this.#options, http: sharingTime(this.#options.http) })
  }

  async get(
    resource: Resource,
    apiKey: Secret,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const { http, base, now } = this.#options
    const key = apiKey.reveal()
    if (!looksLikeKlaviyoPrivateKey(key)) {
      throw new ProviderFailure({
        kind: 'reauthorize',
        delivery: 'not_sent',
        providerCode: 'not_a_private_key',
      })
    }
    const query = new URLSearchParams(parameters).toString()
    const answer = await http.send({
      method: 'GET',
      url: `${base}/${resource}${query === '' ? '' : `?${query}`}`,
      headers: {
        authorization: `Klaviyo-API-Key ${key}`,
        revision: REVISION,
        accept: 'application/vnd.api+json',
      },
    })
    if (answer.status >= 300) throw failureOf(answer, resource, now())
    return jsonOf(answer)
  }
}

/**
 * Whether text can be a private key. Only the prefix tells it from a public one: the length and alphabet behind it have
 * changed before. It must also be fit to stand in a header.
 */
export function looksLikeKlaviyoPrivateKey(text: string): boolean {
  return /^pk_[\x21-\x7e]+$/.test(text)
}

const problems = z.object({ errors: listOf(z.object({ code: z.string() }), MAX_ERRORS) })

/** Codes that are repeated in a failure; any other is the platform's free text. */
const CODES = [
  'authentication_failed',
  'not_authenticated',
  'permission_denied',
  'throttled',
  'not_found',
  'invalid',
]

function failureOf(answer: HttpAnswer, resource: Resource, now: Instant): ProviderFailure {
  const { status } = answer
  const codes = codesOf(answer)
  const kind = kindOf(status, codes)
  if (kind === undefined) return statusFailure(answer, now)
  return new ProviderFailure({
    kind,
    delivery: status >= 500 ? 'uncertain' : 'answered',
    providerCode: codes?.find((code) => CODES.includes(code)) ?? `http_${status}`,
    retryAfterMs: parseRetryAfter(answer.header('retry-after'), now),
    missingScopes: codes?.includes('permission_denied') === true ? [`${resource}:read`] : [],
  })
}

/** `codes` are absent when the answer is not Klaviyo's own. A retired revision answers 410 without any. */
function kindOf(status: number, codes: readonly string[] | undefined): FailureKind | undefined {
  if (codes === undefined) return status === 410 ? 'misconfigured' : undefined
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'transient'
  const isKeyRefused = codes.some((code) => code === 'authentication_failed' || code === 'not_authenticated')
  if (status === 401 || (status === 400 && isKeyRefused)) return 'reauthorize'
  if (status === 403) return 'permission'
  // A retired revision, or a path or parameter that Klaviyo does not know: this client needs maintenance.
  if ([400, 404, 405, 406, 410, 415].includes(status)) return 'misconfigured'
  return 'transient'
}

function codesOf(answer: HttpAnswer): readonly string[] | undefined {
  try {
    const parsed = problems.safeParse(jsonOf(answer))
    const codes = parsed.success ? parsed.data.errors.map(({ code }) => code) : []
    return codes.length === 0 ? undefined : codes
  } catch {
    return undefined
  }
}
