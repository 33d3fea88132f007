import { createHash } from 'node:crypto'
import type { CodeDetails } from './ledger.ts'

/** RFC 7636 section 4.6. A code that was asked for without a challenge takes no verifier into account. */
export function isVerifierRight(details: CodeDetails, verifier: string | null): boolean {
  if (details.codeChallenge === undefined) return true
  if (verifier === null || !/^[\w.~-]{43,128}$/.test(verifier)) return false
  if (details.codeChallengeMethod === 'S256') {
    return createHash('sha256').update(verifier).digest('base64url') === details.codeChallenge
  }
  return verifier === details.codeChallenge
}
