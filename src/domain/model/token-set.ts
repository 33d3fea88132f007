import { DAY_MS, SECOND_MS } from './time.ts'
import type { Secret } from './secret.ts'

/** What a token endpoint issued (RFC 6749 §5.1). Lifetimes count from the moment the request was sent. */
export interface TokenSet {
  readonly accessToken: Secret
  /** Absent when the provider sent none: on a refresh the old one is kept (RFC 6749 §6). */
  readonly refreshToken?: Secret
  /** `null`: the provider named no end, so the credential is verified instead. */
  readonly expiresInMs: number | null
  readonly refreshExpiresInMs: number | null
  /** As the answer named them; absent means "as requested" (RFC 6749 §5.1). */
  readonly grantedScopes?: readonly string[]
}

/** RFC 6749 appendix A.12 and A.17: printable ASCII, which is also all that a header can carry. */
export const CREDENTIAL = /^[\x20-\x7e]{1,16384}$/

/** Whether both tokens are of printable ASCII and of 16,384 characters at most, so that they can be sealed and sent. */
export function isKeepable({ accessToken, refreshToken }: TokenSet): boolean {
  const isRefreshTokenSound = refreshToken === undefined || CREDENTIAL.test(refreshToken.reveal())
  return isRefreshTokenSound && CREDENTIAL.test(accessToken.reveal())
}

const MAX_LIFETIME_MS = 3_650 * DAY_MS

/**
 * Reads `expires_in`. A number or numeric text above 0 and up to ten years counts, fractions cut to whole seconds;
 * anything else (absent, null, 0, negative, not finite, absurd) is unknown: `null`.
 */
export function parseExpiresIn(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d{1,12}(\.\d{1,6})?$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return null
  const lifetimeMs = Math.floor(seconds) * SECOND_MS
  return lifetimeMs > 0 && lifetimeMs <= MAX_LIFETIME_MS ? lifetimeMs : null
}

/** How much is left of a lifetime that the provider named `elapsedMs` ago; `null`: no known end. */
export function leftOf(lifetimeMs: number | null, elapsedMs: number): number | null {
  return lifetimeMs === null ? null : Math.max(0, Math.floor(lifetimeMs - elapsedMs))
}

const MAX_SCOPE_LENGTH = 255
const MAX_SCOPES = 100

/** Splits a scope text at spaces or commas, as platforms differ; drops what no scope can be (RFC 6749 §3.3). Never throws. */
export function parseScopes(value: unknown): readonly string[] | undefined {
  const parts = Array.isArray(value)
    ? // Of anything else in a list the text is whatever its own toString makes of it, and may not even end.
      value.filter((part) => typeof part === 'string' || typeof part === 'number').map(String)
    : typeof value === 'string'
      ? value.split(/[\s,]+/)
      : undefined
  if (parts === undefined) return undefined
  const scopes = parts.filter(
    (part) => part.length <= MAX_SCOPE_LENGTH && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(part),
  )
  return [...new Set(scopes)].slice(0, MAX_SCOPES)
}
