import { describe, test } from 'vitest'
import { tokenStoreContract } from '../../src/testing/contracts/token-store.contract.ts'
import { openMemoryStores } from './memory-stores.ts'

describe('MemoryTokenStore', () => {
  tokenStoreContract(test, openMemoryStores)
})
