import type { RandomSource } from '../ports/random-source.ts'

/**
 * The same bytes in every run, never the same twice within one (xorshift32). For tests: anybody can foretell them.
 */
export class SequenceRandomSource implements RandomSource {
  #state: number

  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next())
  }

  fraction(): number {
    return this.#next() / 256
  }

  #next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state >>> 24
  }
}
