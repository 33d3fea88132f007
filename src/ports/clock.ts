import type { Instant } from '../domain/model/time.ts'

/** Time. Nothing that decides over a token trusts `now()`: stores measure remaining lifetimes and leases by their own clock. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): Instant

  /** Milliseconds that never go backwards, for measuring how long something took. */
  monotonicMs(): number

  /** Resolves after `ms`; never rejects. A pending delay does not keep the process alive. */
  delay(ms: number): Promise<void>
}
