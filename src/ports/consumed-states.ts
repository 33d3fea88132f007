import type { StateKey } from './state-store.ts'

/**
 * The second barrier, for state stores that can forget that they forgot (a Redis restored from an older snapshot).
 * Every adapter passes `consumedStatesContract`.
 */
export interface ConsumedStates {
  /**
   * Records durably, before an authorization code is exchanged, that a state was consumed.
   * Resolves `true` for the first caller and `false` for every other, for at least `keepMs`.
   */
  record(key: StateKey, keepMs: number): Promise<boolean>
}
