import type { Digest } from '../ports/digest.ts'
import type { StateKeys } from '../ports/state-keys.ts'

/** Authenticates what the handler gives to browsers, separately for each purpose, with the keys that sign states. */
export class WebKeys {
  readonly #keys: StateKeys
  readonly #digest: Digest

  constructor(dependencies: { readonly keys: StateKeys; readonly digest: Digest }) {
    this.#keys = dependencies.keys
    this.#digest = dependencies.digest
  }

  async sign(purpose: string, parts: readonly (string | null)[]): Promise<string> {
    return this.#mac(await this.#keys.signing(), purpose, parts)
  }

  /** Compares in constant time, with every key that may have signed recently. @throws CipherUnavailableError */
  async isSigned(purpose: string, parts: readonly (string | null)[], signature: string): Promise<boolean> {
    const accepted = await this.#keys.accepted()
    const isSigned = accepted.keys.some((key) =>
      this.#digest.equal(this.#mac(key, purpose, parts), signature),
    )
    if (!isSigned && accepted.missing !== undefined) throw accepted.missing
    return isSigned
  }

  #mac(key: Uint8Array, purpose: string, parts: readonly (string | null)[]): string {
    // JSON keeps purpose and parts apart whatever they contain, and the text of a state never begins like this.
    return this.#digest.hmacSha256(key, `web:${JSON.stringify([purpose, ...parts])}`)
  }
}
