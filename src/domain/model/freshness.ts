/** `fresh`: use it. `ahead`: use it and refresh behind the caller's back. `expired`: nobody may have it. */
export type Freshness = 'fresh' | 'ahead' | 'expired'

export interface TokenAge {
  /** By the database's clock, so that an application clock a day off changes nothing; `null`: no known end. */
  readonly remainingMs: number | null
  /** How long the token was to live when it was stored. */
  readonly lifetimeMs: number | null
}

/** A margin never takes more than this part of a token's life: a token of a minute is not refreshed for ever. */
const LARGEST_MARGIN_SHARE = 1 / 3

export function assessFreshness(age: TokenAge, marginMs: number): Freshness {
  if (age.remainingMs === null) return 'fresh'
  if (age.remainingMs <= 0) return 'expired'
  return age.remainingMs <= effectiveMargin(age.lifetimeMs, marginMs) ? 'ahead' : 'fresh'
}

export function effectiveMargin(lifetimeMs: number | null, marginMs: number): number {
  return lifetimeMs === null ? marginMs : Math.min(marginMs, lifetimeMs * LARGEST_MARGIN_SHARE)
}

/**
 * Whether a token is old enough to be renewed before it must: platforms such as Meta give a new one at most daily. A
 * token that lives shorter than that is renewed at half its life.
 */
export function mayRenewAhead(age: TokenAge, renewAtMostEveryMs: number): boolean {
  if (age.remainingMs === null || age.lifetimeMs === null) return true
  return age.lifetimeMs - age.remainingMs >= Math.min(renewAtMostEveryMs, age.lifetimeMs / 2)
}

/**
 * How long after a store the background job should look at the connection again: at the start of its refresh window,
 * spread over the window's first tenth so that connections made together do not fall due together.
 */
export function dueInMs(expiresInMs: number, windowMs: number, jitter: number): number {
  const window = effectiveMargin(expiresInMs, windowMs)
  return Math.max(0, Math.floor(expiresInMs - window + jitter * window * 0.1))
}
