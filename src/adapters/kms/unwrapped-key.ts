import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CipherUnavailableError } from '../../domain/errors.ts'
import type { DataKey } from '../../ports/data-keys.ts'

const KEY_BYTES = 32
const FINGERPRINT_BYTES = 16
const FIRST_BLOCK = Buffer.of(1)

/** A data key in the memory of this process. Its bytes are OpenSSL's, which clears them when it frees them. */
export class UnwrappedKey implements DataKey {
  readonly id: string
  readonly fingerprint: string
  readonly #key: KeyObject

  /** Takes `bytes` over and clears them. @throws CipherUnavailableError unless there are 32 */
  constructor(id: string, bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new CipherUnavailableError('KMS gave a data key of another length')
    this.id = id
    this.#key = createSecretKey(bytes)
    bytes.fill(0)
    this.fingerprint = this.derive(Buffer.from('fingerprint'))
      .subarray(0, FINGERPRINT_BYTES)
      .toString('base64url')
  }

  derive(info: Uint8Array): Buffer {
    // The key is uniformly random already, so that it needs no extraction (RFC 5869 §3.3).
    return createHmac('sha256', this.#key).update(info).update(FIRST_BLOCK).digest()
  }
}
