/** Cryptographic randomness. */
export interface RandomSource {
  /** `length` bytes from the system's generator; throws when it has none to give. */
  bytes(length: number): Uint8Array
}
