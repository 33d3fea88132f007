import { contextPromises } from './cipher/contexts.ts'
import { forgedValuePromises } from './cipher/forged-values.ts'
import type { CipherHarness } from './cipher/harness.ts'
import { keyPromises } from './cipher/keys.ts'
import { roundTripPromises } from './cipher/round-trips.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** Every promise of the Cipher port. */
export function cipherContract(test: RegisterTest, open: () => Promise<CipherHarness>): void {
  registerPromises(test, open, [roundTripPromises, contextPromises, forgedValuePromises, keyPromises])
}
