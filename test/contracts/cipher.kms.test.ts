import { test } from 'vitest'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { cipherContract } from '../../src/testing/contracts/cipher.contract.ts'
import { KmsWorkbench } from '../adapters/kms/kms-workbench.ts'

cipherContract(test, async () => {
  const workbench = await KmsWorkbench.open()
  const elsewhere = await KmsWorkbench.open()
  const process = workbench.start()
  return {
    cipher: process.cipher,
    rotated: async () => {
      await workbench.clock.advance(25 * HOUR_MS)
      return workbench.start().cipher
    },
    stranger: () => Promise.resolve(elsewhere.start().cipher),
    close: async () => {
      await workbench.close()
      await elsewhere.close()
    },
  }
})
