import { SECOND_MS } from './time.ts'

/** So late a request still counts as sent in its turn. */
export const LATE_MS = SECOND_MS / 20

/**
 * What lies between two turns of an app. A second has room for its requests and for how late the first of them may be sent:
 * otherwise one that was late and one that was not would share a second with all between them.
 */
export function turnSpacingMs(requestsPerSecond: number): number {
  return (SECOND_MS + LATE_MS) / requestsPerSecond
}
