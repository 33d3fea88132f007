/** Randomness: for secrets and ids, and for spreading work. */
export interface RandomSource {
  /** `length` bytes from the system's generator; throws when it has none to give. */
  bytes(length: number): Uint8Array

  /** From 0 to below 1, to spread waits with. Cheap, and no secret: it may be foretold. */
  fraction(): number
}
