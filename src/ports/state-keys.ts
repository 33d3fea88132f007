/** The keys that authenticate states, derived for that purpose alone. */
export interface StateKeys {
  /** Signs new states. @throws CipherUnavailableError */
  signing(): Promise<Uint8Array>

  /** Every key under which a state of the last ten minutes may have been signed, the signing one first. */
  accepted(): Promise<readonly Uint8Array[]>
}
