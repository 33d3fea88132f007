import { z } from 'zod'
import { Secret } from '../../../domain/model/secret.ts'
import { parseExpiresIn, parseScopes, type TokenSet } from '../../../domain/model/token-set.ts'
import { memberAt, parseJson } from './json.ts'

/** RFC 6749 appendix A.12 and A.17: printable ASCII, which is also all that a header can carry. */
const credential = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[\x20-\x7e]+$/)
const absent = z.union([z.undefined(), z.null(), z.literal('')]).transform(() => undefined)
const tokenType = z.string().regex(/^bearer$/i)

const wire = z.object({
  access_token: credential,
  token_type: z.union([absent, tokenType]),
  refresh_token: z.union([absent, credential]),
  expires_in: z.unknown(),
  refresh_token_expires_in: z.unknown(),
  scope: z.unknown(),
})

/**
 * Reads a successful token answer (RFC 6749 §5.1). A missing `token_type` counts as bearer, an empty refresh token as
 * none; of members given twice the last one counts, as JSON.parse has it. Anything else out of order makes the whole
 * answer unusable.
 */
export function readTokenAnswer(text: string, dataPath = ''): TokenSet | undefined {
  const parsed = wire.safeParse(memberAt(parseJson(text)?.value, dataPath))
  return parsed.success ? toTokenSet(parsed.data) : undefined
}

function toTokenSet(answer: z.output<typeof wire>): TokenSet {
  const grantedScopes = answer.scope === '' ? undefined : parseScopes(answer.scope)
  return {
    accessToken: new Secret(answer.access_token),
    ...(answer.refresh_token === undefined ? {} : { refreshToken: new Secret(answer.refresh_token) }),
    expiresInMs: parseExpiresIn(answer.expires_in),
    refreshExpiresInMs: parseExpiresIn(answer.refresh_token_expires_in),
    ...(grantedScopes === undefined ? {} : { grantedScopes }),
  }
}
