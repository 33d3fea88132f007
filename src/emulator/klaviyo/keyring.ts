import { klaviyoAccountOf, klaviyoKeys } from './accounts.ts'
import type { KlaviyoKey } from './accounts.ts'

/** The private keys that exist; a deleted one is gone for good. */
export class KlaviyoKeyring {
  #keys: readonly KlaviyoKey[] = klaviyoKeys

  find(value: string): KlaviyoKey | undefined {
    return this.#keys.find((key) => key.value === value)
  }

  /** Deletes a key by its value, or every key of the account that the person owns. */
  delete(valueOrPerson: string): number {
    const account = klaviyoAccountOf(valueOrPerson)
    const kept = this.#keys.filter((key) => key.value !== valueOrPerson && key.account !== account)
    const deleted = this.#keys.length - kept.length
    this.#keys = kept
    return deleted
  }
}
