import type { Instant } from '../domain/model/time.ts'

/** A moment of this process by both of its clocks. */
export interface Moment {
  readonly wall: Instant
  readonly monotonicMs: number
}

/** Time. Nothing that decides over a token trusts `now()` alone: stores measure lifetimes and leases by their own clock. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): Instant

  /** Milliseconds that never go backwards, for measuring how long something took. */
  monotonicMs(): number

  /** Resolves after `ms`; never rejects. Somebody waits for what comes after it: until then the process stays alive. */
  delay(ms: number): Promise<void>

  /**
   * The same where nobody does: a wait behind everybody's back, or the limit of a race whose other side keeps the process
   * alive for as long as it takes. A process that has nothing else to do ends.
   */
  backgroundDelay(ms: number): Promise<void>
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), monotonicMs: clock.monotonicMs() }
}

/**
 * How long ago `since` was, by the clock that counts more. A monotonic clock stands still while a machine is suspended, and
 * a wall clock may be set back; one that is merely wrong is so at both readings. What is counted too much, because a wall
 * clock was set forward, costs a fresh start; what is counted too little may cost a grant.
 */
export function elapsedMs(clock: Clock, since: Moment): number {
  return Math.max(clock.monotonicMs() - since.monotonicMs, clock.now() - since.wall)
}
