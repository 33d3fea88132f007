import { base64url } from './bytes.ts'
import { Secret } from './secret.ts'

/** 32 random bytes give a verifier of 43 unreserved characters (RFC 7636 §4.1). */
export const VERIFIER_BYTES = 32

export function codeVerifier(random: Uint8Array): Secret {
  return new Secret(base64url(random))
}
