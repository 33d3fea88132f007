import { describe, test } from 'vitest'
import { providerAppsContract } from '../../src/testing/contracts/provider-apps.contract.ts'
import { postgresStores } from './postgres-stores.ts'

describe('PostgresProviderApps', () => {
  providerAppsContract(test, postgresStores({ lane: false }))
})
