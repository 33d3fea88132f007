import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Digest } from '../../ports/digest.ts'

/** SHA-256 and HMAC by Node's OpenSSL. */
export class NodeDigest implements Digest {
  sha256(text: string): Uint8Array {
    return createHash('sha256').update(text, 'utf8').digest()
  }

  hmacSha256(key: Uint8Array, text: string): Uint8Array {
    return createHmac('sha256', key).update(text, 'utf8').digest()
  }

  equal(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }
}
