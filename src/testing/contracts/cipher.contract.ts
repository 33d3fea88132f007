import { contextPromises } from './cipher/contexts.ts'
import { forgedValuePromises } from './cipher/forged-values.ts'
import type { CipherHarness } from './cipher/harness.ts'
import { keyPromises } from './cipher/keys.ts'
import { roundTripPromises } from './cipher/round-trips.ts'
import type { RegisterTest } from './register-test.ts'

/** Every promise of the Cipher port. */
export function cipherContract(test: RegisterTest, open: () => Promise<CipherHarness>): void {
  const all = { ...roundTripPromises, ...contextPromises, ...forgedValuePromises, ...keyPromises }
  for (const [title, promise] of Object.entries(all)) {
    test(title, async () => {
      const harness = await open()
      try {
        await promise(harness)
      } finally {
        await harness.close()
      }
    })
  }
}
