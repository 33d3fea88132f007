import { z } from 'zod'
import { cleanText } from '../../../domain/model/ad-account.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { SECOND_MS } from '../../../domain/model/time.ts'
import { parseScopes } from '../../../domain/model/token-set.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import { listOf } from '../http/list-of.ts'
import type { HttpAnswer } from '../http/provider-http.ts'
import type { GraphApi } from './graph-api.ts'

/** What `debug_token` says of a live token. */
export interface TokenInspection {
  /** `user`, `system_user`, … */
  readonly kind?: string
  /** Absent: not said, or not readable. */
  readonly scopes?: readonly string[]
  /** `null`: it never ends; absent: not said. */
  readonly expiresInMs?: number | null
  /** Until the person's consent to read their data has to be renewed; a second clock beside the token's own. */
  readonly dataAccessExpiresInMs?: number | null
}

/** More permissions than there are. */
const MAX_NAMED = 500

const seconds = z.int().nonnegative().optional().catch(undefined)
const inspection = z.object({
  data: z.object({
    is_valid: z.boolean(),
    app_id: z.union([z.string(), z.int()]).optional(),
    type: z.string().optional().catch(undefined),
    scopes: listOf(z.string(), MAX_NAMED).optional().catch(undefined),
    issued_at: seconds,
    expires_at: seconds,
    data_access_expires_at: seconds,
  }),
})

/**
 * A refresh may ask after its exchange: both fit into one lease, unless the exchange came late, after a refusal, and took
 * all of its time. Who claims the connection then exchanges a token once more, which is harmless.
 */
const HARD_TIMEOUT_MS = 20 * SECOND_MS

/**
 * Asks with the app's own token, which costs no person's quota. The platform takes the token in question in the query
 * only: of all requests this is the one whose URL holds a secret.
 */
export async function inspectToken(
  graph: GraphApi,
  appId: string,
  accessToken: Secret,
): Promise<TokenInspection> {
  const { body, answer } = await graph.asApp('debug_token', {
    parameters: { input_token: accessToken.reveal() },
    hardTimeoutMs: HARD_TIMEOUT_MS,
  })
  const parsed = inspection.safeParse(body)
  if (!parsed.success) throw responseInvalid()
  const { data } = parsed.data
  if (!data.is_valid) throw deadToken(body)
  if (data.app_id !== undefined && String(data.app_id) !== appId) {
    throw new ProviderFailure({
      kind: 'misconfigured',
      delivery: 'answered',
      providerCode: 'token_of_other_app',
    })
  }
  const kind = cleanText((data.type ?? '').toLowerCase())
  const expiresInMs = remaining(data.expires_at, data.issued_at, answer)
  const dataAccessExpiresInMs = remaining(data.data_access_expires_at, data.issued_at, answer)
  return {
    ...(data.scopes === undefined ? {} : { scopes: parseScopes(data.scopes) ?? [] }),
    ...(kind === '' ? {} : { kind }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(dataAccessExpiresInMs === undefined ? {} : { dataAccessExpiresInMs }),
  }
}

const reason = z.object({
  data: z.object({ error: z.object({ code: z.int(), subcode: z.int().optional().catch(undefined) }) }),
})

/** `is_valid: false` is definitive; the error beside it only says why. */
function deadToken(body: unknown): ProviderFailure {
  const parsed = reason.safeParse(body)
  const { code, subcode } = parsed.success ? parsed.data.data.error : { code: 190, subcode: undefined }
  const providerCode = subcode === undefined ? `${code}` : `${code}/${subcode}`
  return new ProviderFailure({ kind: 'reauthorize', delivery: 'answered', providerCode })
}

/**
 * The platform names instants. They are compared with the platform's own clock, since ours may be a day off, and with
 * the moment of issue: whichever leaves less.
 */
function remaining(
  at: number | undefined,
  issuedAt: number | undefined,
  answer: HttpAnswer,
): number | null | undefined {
  if (at === undefined) return undefined
  if (at === 0) return null
  const now = Date.parse(answer.header('date') ?? '')
  const starts = [issuedAt, Number.isNaN(now) ? undefined : now / SECOND_MS]
  const known = starts.filter((start) => start !== undefined)
  return known.length === 0 ? undefined : Math.max(0, (at - Math.max(...known)) * SECOND_MS)
}
