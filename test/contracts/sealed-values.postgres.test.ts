import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  createPool,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresSealedValues,
  PostgresTokenStore,
} from '../../src/adapters/postgres/index.ts'
import type { CreatedPool } from '../../src/adapters/postgres/index.ts'
import { sealedValuesContract } from '../../src/testing/contracts/sealed-values.contract.ts'
import { freshDatabase, withoutPath } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { EMPTYING, moveTimes } from './postgres-stores.ts'

describe('PostgresSealedValues', () => {
  let database: TestDatabase
  let pool: CreatedPool
  beforeAll(async () => {
    database = await freshDatabase()
    pool = createPool({ connectionString: withoutPath(database.url) })
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  sealedValuesContract(test, async () => {
    await pool.query(EMPTYING)
    return {
      tokens: new PostgresTokenStore({ pool }),
      leases: new PostgresRefreshLeases({ pool }),
      due: new PostgresDueConnections({ pool }),
      revocations: new PostgresPendingRevocations({ pool }),
      apps: new PostgresProviderApps({ pool }),
      sealedValues: new PostgresSealedValues({ pool }),
      elapse: (ms) => moveTimes(pool, ms),
      close: async () => undefined,
    }
  })
})
