import { randomFillSync } from 'node:crypto'
import type { RandomSource } from '../../ports/random-source.ts'

/** A call of the generator takes about as long for these as for the 32 of a single state. */
const RESERVE_BYTES = 512

/**
 * The operating system's generator, through Node, for all that must not be foretold. It is asked for several draws at a
 * time, and each byte is given once. What is left is erased before the event loop goes on: a machine that is copied while
 * it idles has nothing to repeat.
 */
export class NodeRandomSource implements RandomSource {
  readonly #generate: (bytes: Uint8Array) => unknown
  readonly #reserve = new Uint8Array(RESERVE_BYTES)
  #givenTo = RESERVE_BYTES
  #isErasing = false

  /** `generate` fills what it is given with what cannot be foretold, or throws. */
  constructor(generate: (bytes: Uint8Array) => unknown = randomFillSync) {
    this.#generate = generate
  }

  bytes(length: number): Uint8Array {
    if (length > RESERVE_BYTES) {
      const bytes = new Uint8Array(length)
      this.#generate(bytes)
      return bytes
    }
    if (this.#givenTo + length > RESERVE_BYTES) this.#fill()
    const bytes = this.#reserve.slice(this.#givenTo, this.#givenTo + length)
    this.#reserve.fill(0, this.#givenTo, this.#givenTo + length)
    this.#givenTo += length
    return bytes
  }

  fraction(): number {
    return Math.random()
  }

  #fill(): void {
    // Where there is none to be had, nothing is given of what was half filled.
    this.#givenTo = RESERVE_BYTES
    this.#generate(this.#reserve)
    this.#givenTo = 0
    if (this.#isErasing) return
    this.#isErasing = true
    process.nextTick(() => {
      this.#isErasing = false
      this.#reserve.fill(0)
      this.#givenTo = RESERVE_BYTES
    })
  }
}
