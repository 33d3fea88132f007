import { z } from 'zod'
import { Secret } from '../../../domain/model/secret.ts'
import { CREDENTIAL, parseExpiresIn, parseScopes } from '../../../domain/model/token-set.ts'
import type { TokenSet } from '../../../domain/model/token-set.ts'

const credential = z.string().regex(CREDENTIAL)
const absent = z.union([z.null(), z.literal('')]).transform(() => undefined)

const wire = z.object({
  access_token: credential,
  // The usual case first: a union words an error for each branch that does not fit.
  token_type: z.union([z.string().regex(/^bearer$/i), absent]).optional(),
  refresh_token: z.union([credential, absent]).optional(),
  expires_in: z.unknown().optional(),
  refresh_token_expires_in: z.unknown().optional(),
  scope: z.unknown().optional(),
})

/**
 * The tokens of a successful token answer (RFC 6749 §5.1). A missing `token_type` counts as bearer, an empty refresh
 * token as none; of members given twice the last one counts, as JSON.parse has it. Anything else out of order makes the
 * whole answer unusable.
 */
export function toTokenSet(answer: unknown): TokenSet | undefined {
  const parsed = wire.safeParse(answer)
  if (!parsed.success) return undefined
  const { access_token, refresh_token, expires_in, refresh_token_expires_in, scope } = parsed.data
  const grantedScopes = scope === '' ? undefined : parseScopes(scope)
  return {
    accessToken: new Secret(access_token),
    ...(refresh_token === undefined ? {} : { refreshToken: new Secret(refresh_token) }),
    expiresInMs: parseExpiresIn(expires_in),
    refreshExpiresInMs: parseExpiresIn(refresh_token_expires_in),
    ...(grantedScopes === undefined ? {} : { grantedScopes }),
  }
}
