/** Plain text in the service's audit log: ids only, matched letter for letter when a key is unwrapped. */
export type EncryptionContext = Readonly<Record<string, string>>

/** A key as the service wrapped it, and under which of its keys. */
export interface WrappedKey {
  readonly wrapped: Uint8Array
  /** The wrapping key as the service names it in full. */
  readonly kmsKeyId: string
}

/** What is asked of a key management service. Every method rejects with CipherUnavailableError. */
export interface KmsApi {
  generateDataKey(
    kmsKeyId: string,
    context: EncryptionContext,
  ): Promise<WrappedKey & { readonly plaintext: Uint8Array }>

  /** Nothing for what was altered, or wrapped by another wrapping key than the named one or for another context. */
  decrypt(key: WrappedKey, context: EncryptionContext): Promise<Uint8Array | undefined>

  /** Wraps under another key; the plaintext does not leave the service. Nothing for what `decrypt` gives nothing for. */
  reEncrypt(key: WrappedKey, toKmsKeyId: string, context: EncryptionContext): Promise<WrappedKey | undefined>
}
