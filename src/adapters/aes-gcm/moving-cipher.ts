import type { Secret } from '../../domain/model/secret.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'

/** The cipher that seals and the one that only opens what it sealed before. */
export interface MovingCipherOptions {
  /** Seals everything, and opens what is its own. */
  readonly to: Cipher
  /** Opens what it sealed before. */
  readonly from: Cipher
  /** `c1.a.` to leave local keys for a key management service, `c1.k.` for the way back. */
  readonly fromPrefix: 'c1.a.' | 'c1.k.'
}

const OF_SERVICE = 'c1.k.'

/** Two ciphers during a move from one to the other: both are read, one is written. */
export class MovingCipher implements Cipher {
  readonly #options: MovingCipherOptions

  constructor(options: MovingCipherOptions) {
    this.#options = options
  }

  prepare(context: SealContext): Promise<void> {
    return this.#options.to.prepare(context)
  }

  seal(plaintext: Secret, context: SealContext): Promise<Sealed> {
    return this.#options.to.seal(plaintext, context)
  }

  open(sealed: Sealed, context: SealContext): Promise<Secret> {
    const { from, fromPrefix, to } = this.#options
    // Only local keys read a format earlier than this library's: what is not of the service is theirs.
    const isOfService = sealed.startsWith(OF_SERVICE)
    return (isOfService === (fromPrefix === OF_SERVICE) ? from : to).open(sealed, context)
  }
}
