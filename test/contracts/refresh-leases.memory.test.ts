import { describe, test } from 'vitest'
import { refreshLeasesContract } from '../../src/testing/contracts/refresh-leases.contract.ts'
import { openMemoryStores } from './memory-stores.ts'

describe('MemoryRefreshLeases', () => {
  refreshLeasesContract(test, openMemoryStores)
})
