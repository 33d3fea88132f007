import { describe, test } from 'vitest'
import { dueConnectionsContract } from '../../src/testing/contracts/due-connections.contract.ts'
import { openMemoryStores } from './memory-stores.ts'

describe('MemoryDueConnections', () => {
  dueConnectionsContract(test, openMemoryStores)
})
