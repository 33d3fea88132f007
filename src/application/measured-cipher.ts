import type { Cipher, SealContext } from '../ports/cipher.ts'
import { classOf } from './meter.ts'
import type { Meter } from './meter.ts'

/** The same cipher, with its failures counted: its successes come with every token and say nothing. */
export function measuredCipher(cipher: Cipher, meter: Meter): Cipher {
  const counted = async <T>(context: SealContext, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      const { provider } = context
      meter.count({ name: 'cipher.failure', provider, outcome: 'failed', class: classOf(error) })
      throw error
    }
  }
  return {
    prepare: (context) => counted(context, cipher.prepare(context)),
    seal: (plaintext, context) => counted(context, cipher.seal(plaintext, context)),
    open: (sealed, context) => counted(context, cipher.open(sealed, context)),
  }
}
