/** Hashing. Text is hashed as UTF-8; what comes out is base64url without padding (RFC 4648 §5), as everything here is sent and kept. */
export interface Digest {
  sha256(text: string): string

  /** The bytes of `key` stay as they are for as long as it is used. */
  hmacSha256(key: Uint8Array, text: string): string

  /** Compares in a time that tells nothing of where two texts differ. */
  equal(left: string, right: string): boolean
}
