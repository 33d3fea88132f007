import type { AcceptedKeys, StateKeys } from '../../ports/state-keys.ts'

/** Signs states under new keys while those that were signed under others come back. */
export class MovingStateKeys implements StateKeys {
  readonly #to: StateKeys
  readonly #from: StateKeys

  constructor({ from, to }: { readonly to: StateKeys; readonly from: StateKeys }) {
    this.#to = to
    this.#from = from
  }

  signing(): Promise<Uint8Array> {
    return this.#to.signing()
  }

  async accepted(): Promise<AcceptedKeys> {
    const [to, from] = await Promise.all([this.#to.accepted(), this.#from.accepted()])
    return { keys: [...to.keys, ...from.keys], missing: to.missing ?? from.missing }
  }
}
