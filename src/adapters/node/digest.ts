import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Digest } from '../../ports/digest.ts'

/** SHA-256 and HMAC by Node's OpenSSL. */
export class NodeDigest implements Digest {
  // Handing a key over to OpenSSL costs more than hashing a short text under it.
  readonly #keys = new WeakMap<Uint8Array, KeyObject>()

  sha256(text: string): string {
    return hash('sha256', text, 'base64url')
  }

  hmacSha256(key: Uint8Array, text: string): string {
    return createHmac('sha256', this.#keyObject(key)).update(text).digest('base64url')
  }

  equal(left: string, right: string): boolean {
    // Hashes of equal length are compared, so that neither length nor content shows in the time it takes.
    return timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'))
  }

  #keyObject(key: Uint8Array): KeyObject {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const made = createSecretKey(key)
    this.#keys.set(key, made)
    return made
  }
}
