import type { DataKey } from '../../ports/data-keys.ts'
import type { AcceptedKeys, StateKeys } from '../../ports/state-keys.ts'
import type { KmsDataKeys } from './kms-data-keys.ts'

const INFO = Buffer.from('state-hmac')

/** Signs states under keys derived from data keys, for hosts that have no local key at all. */
export class KmsStateKeys implements StateKeys {
  readonly #keys: KmsDataKeys

  constructor(options: { readonly keys: KmsDataKeys }) {
    this.#keys = options.keys
  }

  async signing(): Promise<Uint8Array> {
    return signingKey(await this.#keys.forSealing(undefined))
  }

  /** Asks the store each time: a state may come back to a process that has not yet seen the key it was signed under. */
  async accepted(): Promise<AcceptedKeys> {
    const { keys, missing } = await this.#keys.recentGeneral()
    return { keys: keys.map(signingKey), missing }
  }
}

function signingKey(key: DataKey): Uint8Array {
  return key.derive(INFO)
}
