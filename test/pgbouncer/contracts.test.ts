import { describe, test } from 'vitest'
import { dueConnectionsContract } from '../../src/testing/contracts/due-connections.contract.ts'
import { pendingRevocationsContract } from '../../src/testing/contracts/pending-revocations.contract.ts'
import { providerAppsContract } from '../../src/testing/contracts/provider-apps.contract.ts'
import { refreshLeasesContract } from '../../src/testing/contracts/refresh-leases.contract.ts'
import { tokenStoreContract } from '../../src/testing/contracts/token-store.contract.ts'
import { behindPgBouncer } from './stores-behind-pgbouncer.ts'

describe('behind PgBouncer in transaction mode', () => {
  const { stores } = behindPgBouncer()

  describe('TokenStore', () => {
    tokenStoreContract(test, stores)
  })
  describe('RefreshLeases', () => {
    refreshLeasesContract(test, stores)
  })
  describe('DueConnections', () => {
    dueConnectionsContract(test, stores)
  })
  describe('ProviderApps', () => {
    providerAppsContract(test, stores)
  })
  describe('PendingRevocations', () => {
    pendingRevocationsContract(test, stores)
  })
})
