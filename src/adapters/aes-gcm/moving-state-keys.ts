import type { AcceptedKeys, StateKeys } from '../../ports/state-keys.ts'

export interface MovingStateKeysOptions {
  readonly local: StateKeys
  readonly service: StateKeys
  /** Whose keys sign. */
  readonly signs: 'local' | 'service'
}

/** Signs states under the keys of one side of a move while those that were signed under the other's come back. */
export class MovingStateKeys implements StateKeys {
  readonly #signing: StateKeys
  readonly #other: StateKeys

  constructor({ local, service, signs }: MovingStateKeysOptions) {
    const isLocal = signs === 'local'
    this.#signing = isLocal ? local : service
    this.#other = isLocal ? service : local
  }

  signing(): Promise<Uint8Array> {
    return this.#signing.signing()
  }

  async accepted(): Promise<AcceptedKeys> {
    const [own, others] = await Promise.all([this.#signing.accepted(), this.#other.accepted()])
    return { keys: [...own.keys, ...others.keys], missing: own.missing ?? others.missing }
  }
}
