import { describe, test } from 'vitest'
import { tokenStoreContract } from '../../src/testing/contracts/token-store.contract.ts'
import { postgresStores } from './postgres-stores.ts'

describe('PostgresTokenStore', () => {
  tokenStoreContract(test, postgresStores({ lane: false }))
})

describe('PostgresTokenStore over its read lane', () => {
  tokenStoreContract(test, postgresStores({ lane: true }))
})
