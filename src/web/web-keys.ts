import type { Digest } from '../ports/digest.ts'
import type { StateKeys } from '../ports/state-keys.ts'
import { base64url } from '../domain/model/bytes.ts'

/** Authenticates what the handler gives to browsers, under keys derived for each purpose from those that sign states. */
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

  /** In constant time, under every key that may have signed lately. @throws CipherUnavailableError */
  async isSigned(purpose: string, parts: readonly (string | null)[], signature: string): Promise<boolean> {
    const given = this.#digest.sha256(signature)
    const accepted = await this.#keys.accepted()
    const isSigned = accepted.keys.some((key) =>
      this.#digest.equal(this.#digest.sha256(this.#mac(key, purpose, parts)), given),
    )
    if (!isSigned && accepted.missing !== undefined) throw accepted.missing
    return isSigned
  }

  #mac(key: Uint8Array, purpose: string, parts: readonly (string | null)[]): string {
    const derived = this.#digest.hmacSha256(key, `web:${purpose}`)
    // JSON keeps the parts apart whatever they contain.
    return base64url(this.#digest.hmacSha256(derived, JSON.stringify(parts)))
  }
}
