import { expect, test } from 'vitest'
import { MemoryStateStore } from '../../src/adapters/memory/state-store.ts'
import { asSealed } from '../../src/ports/cipher.ts'
import { stateStoreContract } from '../../src/testing/contracts/state-store.contract.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

stateStoreContract(test, async () => {
  const clock = new FixedClock()
  const store = new MemoryStateStore({ clock })
  return {
    store,
    sibling: store,
    pass: (ms) => clock.advance(ms),
    granularityMs: 1,
    close: async () => undefined,
  }
})

test('a state lives one millisecond before its end and is gone at its end', async () => {
  const clock = new FixedClock()
  const store = new MemoryStateStore({ clock })
  await Promise.all(['early', 'late'].map((key) => store.remember(key, asSealed('c1.value'), 600_000)))
  await clock.advance(599_999)
  expect(await store.consume('early')).toBe('c1.value')
  await clock.advance(1)
  expect(await store.consume('late')).toBeUndefined()
})
