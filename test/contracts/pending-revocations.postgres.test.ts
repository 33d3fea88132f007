import { describe, test } from 'vitest'
import { pendingRevocationsContract } from '../../src/testing/contracts/pending-revocations.contract.ts'
import { postgresStores } from './postgres-stores.ts'

describe('PostgresPendingRevocations', () => {
  pendingRevocationsContract(test, postgresStores({ lane: false }))
})
