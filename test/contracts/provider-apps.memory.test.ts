import { describe, test } from 'vitest'
import { providerAppsContract } from '../../src/testing/contracts/provider-apps.contract.ts'
import { openMemoryStores } from './memory-stores.ts'

describe('MemoryProviderApps', () => {
  providerAppsContract(test, openMemoryStores)
})
