import { z } from 'zod'
import { Secret } from '../../../domain/model/secret.ts'
import { parseExpiresIn } from '../../../domain/model/token-set.ts'
import type { TokenSet } from '../../../domain/model/token-set.ts'
import { responseInvalid } from '../../../domain/provider-failure.ts'

const tokenAnswer = z.object({
  // What may stand in a header, and no longer than the platform's longest by far.
  access_token: z.string().regex(/^[\x21-\x7e]{1,4096}$/),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
  expires_in: z.unknown().optional(),
})

/**
 * Takes from a token response what is known of it; there is never a refresh token nor a scope in it. Tokens of system
 * users may name no end. @throws ProviderFailure
 */
export function toTokenSet(body: unknown): TokenSet {
  const parsed = tokenAnswer.safeParse(body)
  if (!parsed.success) throw responseInvalid()
  return {
    accessToken: new Secret(parsed.data.access_token),
    expiresInMs: parseExpiresIn(parsed.data.expires_in),
    refreshExpiresInMs: null,
  }
}
