import type { AcceptedKeys, StateKeys } from '../../ports/state-keys.ts'
import type { KeyRing } from './key-ring.ts'

/** Signs states under keys derived from a ring: rotating the ring rotates them, and states in flight stay good. */
export class RingStateKeys implements StateKeys {
  readonly #ring: KeyRing

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  async signing(): Promise<Uint8Array> {
    const { primary } = await this.#ring.ready()
    return primary.stateKey()
  }

  async accepted(): Promise<AcceptedKeys> {
    const { keys } = await this.#ring.ready()
    return { keys: keys.map((key) => key.stateKey()) }
  }
}
