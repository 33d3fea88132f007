import type { Sealed } from './cipher.ts'

/** The SHA-256 of a state, base64url: a list of the store's keys reveals no state that could be used. */
export type StateKey = string

/** Raised by `remember` when the key is taken; with 256 random bits this means a broken random source. */
export class StateTakenError extends Error {
  constructor() {
    super('A state with this key is already remembered')
    this.name = 'StateTakenError'
  }
}

/**
 * Keeps what must be remembered between an authorization request and its response.
 * Every adapter passes `stateStoreContract`. An adapter that cannot reach its store rejects with StoreUnavailableError
 * in about a second.
 */
export interface StateStore {
  /** Remembers `sealed` for `ttlMs` by the store's clock. @throws StateTakenError */
  remember(key: StateKey, sealed: Sealed, ttlMs: number): Promise<void>

  /** Returns and forgets in one atomic step: of any number of concurrent callers, one gets the value. */
  consume(key: StateKey): Promise<Sealed | undefined>
}
