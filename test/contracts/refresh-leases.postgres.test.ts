import { describe, test } from 'vitest'
import { refreshLeasesContract } from '../../src/testing/contracts/refresh-leases.contract.ts'
import { postgresStores } from './postgres-stores.ts'

describe('PostgresRefreshLeases', () => {
  refreshLeasesContract(test, postgresStores({ lane: false }))
})
