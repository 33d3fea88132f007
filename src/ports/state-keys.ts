import type { CipherUnavailableError } from '../domain/errors.ts'

export interface AcceptedKeys {
  /** The signing one first. */
  readonly keys: readonly Uint8Array[]
  /** Why there may be more of them that cannot be had now. */
  readonly missing?: CipherUnavailableError | undefined
}

/** The keys that authenticate states, derived for that purpose alone. */
export interface StateKeys {
  /** Signs new states. @throws CipherUnavailableError */
  signing(): Promise<Uint8Array>

  /**
   * Every key under which a state of the last ten minutes may have been signed. What is signed under none of them is
   * refused, but with `missing` where there is such an error: it may be good all the same.
   */
  accepted(): Promise<AcceptedKeys>
}
