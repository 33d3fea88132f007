/** Hashing. Text is hashed as UTF-8. */
export interface Digest {
  sha256(text: string): Uint8Array

  /** The bytes of `key` stay as they are for as long as it is used. */
  hmacSha256(key: Uint8Array, text: string): Uint8Array

  /** Compares in a time that tells nothing of where two values differ; values of unequal length are unequal. */
  equal(left: Uint8Array, right: Uint8Array): boolean
}
