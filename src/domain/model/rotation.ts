import { MINUTE_MS, SECOND_MS } from './time.ts'

/** What a provider does with a refresh token once it is used. */
export type RotationClass =
  /** Not rotated, or there is none and the long-lived token is exchanged for another: asking twice is safe. */
  | { readonly kind: 'none' }
  /** The old one works for a while, or until the new one is used: asking twice is safe soon enough. */
  | { readonly kind: 'grace'; readonly graceMs: number }
  /** The old one is dead at once. */
  | { readonly kind: 'single_use' }
  /** Using the old one again kills every token of the grant. */
  | { readonly kind: 'single_use_revoking' }
  /** Not documented: treated as the worst. */
  | { readonly kind: 'unknown' }

export interface RefreshTimings {
  /** Callers stop waiting after this; the request goes on and its answer is stored. */
  readonly softTimeoutMs: number
  /** Bounds what a request may hold on to. */
  readonly hardTimeoutMs: number
  readonly leaseTtlMs: number
  /** So long after the claim the request may go out: a process that was paused longer starts over. */
  readonly sendWithinMs: number
  /**
   * The same for what is presented after a refusal. Either request still ends within the lease; what a client asks
   * beside it, as Meta's for the end of an exchanged token, may outlast it where asking twice is safe.
   */
  readonly presentWithinMs: number
  /** How long a claimed connection waits for its app's turn at most: the rest of the deadline is for a late process. */
  readonly maxTurnMs: number
}

const SOFT_TIMEOUT_MS = 10 * SECOND_MS
const HARD_TIMEOUT_MS = 75 * SECOND_MS
const QUARANTINE_MS = 12 * MINUTE_MS
const LEASE_MS = HARD_TIMEOUT_MS + MINUTE_MS
const MAX_TURN_MS = 5 * SECOND_MS
const TURN_SHARE = 1 / 8
const SEND_SHARE = 1 / 4
const PRESENT_SHARE = 0.4

/**
 * A lease outlives the request it covers. Where a second request could destroy the grant it also waits out a paused
 * holder; where a grace runs, the retry must still fall into it.
 */
export function refreshTimings(rotation: RotationClass): RefreshTimings {
  if (rotation.kind === 'grace') {
    const leaseTtlMs = Math.min(LEASE_MS, Math.floor(rotation.graceMs * 0.45))
    const hardTimeoutMs = Math.floor((leaseTtlMs * HARD_TIMEOUT_MS) / LEASE_MS)
    const maxTurnMs = Math.min(MAX_TURN_MS, Math.floor(leaseTtlMs * TURN_SHARE))
    const softTimeoutMs = Math.min(SOFT_TIMEOUT_MS, hardTimeoutMs)
    return { softTimeoutMs, hardTimeoutMs, leaseTtlMs, ...deadlines(leaseTtlMs), maxTurnMs }
  }
  const leaseTtlMs = rotation.kind === 'none' ? LEASE_MS : QUARANTINE_MS
  return {
    softTimeoutMs: SOFT_TIMEOUT_MS,
    hardTimeoutMs: HARD_TIMEOUT_MS,
    leaseTtlMs,
    ...deadlines(leaseTtlMs),
    maxTurnMs: MAX_TURN_MS,
  }
}

function deadlines(leaseTtlMs: number): Pick<RefreshTimings, 'sendWithinMs' | 'presentWithinMs'> {
  return {
    sendWithinMs: Math.floor(leaseTtlMs * SEND_SHARE),
    presentWithinMs: Math.floor(leaseTtlMs * PRESENT_SHARE),
  }
}

/** Whether the same refresh token may be presented again after an answer was lost. */
export function isReplaySafe(rotation: RotationClass): boolean {
  return rotation.kind === 'none' || rotation.kind === 'grace'
}

/** Whether a refresh token that was used already may end the whole grant when it is presented again. */
export function mayRevokeOnReuse(rotation: RotationClass): boolean {
  return rotation.kind === 'single_use_revoking' || rotation.kind === 'unknown'
}
