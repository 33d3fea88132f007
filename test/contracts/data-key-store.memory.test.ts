import { test } from 'vitest'
import { MemoryDataKeyStore } from '../../src/adapters/memory/data-key-store.ts'
import { dataKeyStoreContract } from '../../src/testing/contracts/data-key-store.contract.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

dataKeyStoreContract(test, async () => {
  const clock = new FixedClock()
  const store = new MemoryDataKeyStore({ clock })
  return { store, sibling: store, elapse: (ms) => clock.advance(ms), close: () => Promise.resolve() }
})
