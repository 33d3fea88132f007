import { describe, test } from 'vitest'
import { dueConnectionsContract } from '../../src/testing/contracts/due-connections.contract.ts'
import { postgresStores } from './postgres-stores.ts'

describe('PostgresDueConnections', () => {
  dueConnectionsContract(test, postgresStores({ lane: false }))
})
