import type { Secret } from '../../domain/model/secret.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import { DATA_KEY_PREFIX } from './sealed-format.ts'

/** The ciphers of both sides, and which of them seals. */
export interface MovingCipherOptions {
  /** Over local keys. */
  readonly local: Cipher
  /** Over keys that a key management service wraps. */
  readonly service: Cipher
  /** `service` to leave local keys for a key management service, `local` for the way back. */
  readonly seals: 'local' | 'service'
}

/** Two ciphers during a move from one to the other: both are read, one is written. */
export class MovingCipher implements Cipher {
  readonly #options: MovingCipherOptions

  constructor(options: MovingCipherOptions) {
    this.#options = options
  }

  prepare(context: SealContext): Promise<void> {
    return this.#sealing().prepare(context)
  }

  seal(plaintext: Secret, context: SealContext): Promise<Sealed> {
    return this.#sealing().seal(plaintext, context)
  }

  open(sealed: Sealed, context: SealContext): Promise<Secret> {
    const { local, service } = this.#options
    // Only local keys read a format earlier than this library's: what is not of the service is theirs.
    return (sealed.startsWith(DATA_KEY_PREFIX) ? service : local).open(sealed, context)
  }

  #sealing(): Cipher {
    return this.#options[this.#options.seals]
  }
}
