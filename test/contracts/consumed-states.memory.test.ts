import { test } from 'vitest'
import { MemoryConsumedStates } from '../../src/adapters/memory/consumed-states.ts'
import { consumedStatesContract } from '../../src/testing/contracts/consumed-states.contract.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

consumedStatesContract(test, async () => {
  const clock = new FixedClock()
  const consumed = new MemoryConsumedStates({ clock })
  return { consumed, sibling: consumed, pass: (ms) => clock.advance(ms), close: async () => undefined }
})
