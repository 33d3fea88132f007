import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Digest } from '../../ports/digest.ts'

/** SHA-256 and HMAC by Node's OpenSSL. */
export class NodeDigest implements Digest {
  // Handing a key over to OpenSSL costs more than hashing a short text under it.
  readonly #keys = new WeakMap<Uint8Array, KeyObject>()

  sha256(text: string): Uint8Array {
    return hash('sha256', text, 'buffer')
  }

  hmacSha256(key: Uint8Array, text: string): Uint8Array {
    return createHmac('sha256', this.#keyObject(key)).update(text, 'utf8').digest()
  }

  equal(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }

  #keyObject(key: Uint8Array): KeyObject {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const made = createSecretKey(key)
    this.#keys.set(key, made)
    return made
  }
}
