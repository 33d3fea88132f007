import { HOUR_MS, SECOND_MS } from './time.ts'

/** How long to wait after the n-th attempt that did not succeed; the store applies it before the request is sent. */
export interface Backoff {
  readonly baseMs: number
  readonly capMs: number
  /** 0 to 1, drawn again for each attempt, so that connections that failed together do not retry together. */
  readonly jitter: number
}

export const REFRESH_BACKOFF = { baseMs: 5 * SECOND_MS, capMs: 15 * 60 * SECOND_MS } as const

/** More attempts than this in an hour are refused, whatever sequence of crashes they come from. */
export const MAX_ATTEMPTS_PER_HOUR = 30

/** For when a provider asks to wait and does not say how long. */
export const UNNAMED_WAIT_MS = 5 * SECOND_MS

const MAX_RETRY_AFTER_MS = HOUR_MS

/** `base × 2^(n-1)`, capped, then shortened by up to half of itself. */
export function backoffMs(attempt: number, backoff: Backoff): number {
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt - 1, 20))
  return Math.floor(full * (1 - backoff.jitter / 2))
}

/** A provider's own wait is obeyed between one second and one hour; nonsense counts as unknown. */
export function clampRetryAfter(ms: number | undefined): number | undefined {
  if (ms === undefined || Number.isNaN(ms)) return undefined
  return Math.min(Math.max(ms, SECOND_MS), MAX_RETRY_AFTER_MS)
}
