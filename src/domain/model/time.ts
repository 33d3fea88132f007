/** A point in time: milliseconds since 1970-01-01T00:00:00Z. What the root functions show of a connection has a `Date` instead. */
export type Instant = number

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
