import { describe, test } from 'vitest'
import { pendingRevocationsContract } from '../../src/testing/contracts/pending-revocations.contract.ts'
import { openMemoryStores } from './memory-stores.ts'

describe('MemoryPendingRevocations', () => {
  pendingRevocationsContract(test, openMemoryStores)
})
