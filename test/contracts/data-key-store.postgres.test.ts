import { Pool } from 'pg'
import { afterAll, beforeAll, test } from 'vitest'
import { PostgresDataKeyStore } from '../../src/adapters/postgres/data-key-store.ts'
import { dataKeyStoreContract } from '../../src/testing/contracts/data-key-store.contract.ts'
import { freshDatabase, withoutPath } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

let database: TestDatabase
let pool: Pool
let secondPool: Pool

function connect(): Pool {
  const connected = new Pool({ connectionString: withoutPath(database.url), max: 5 })
  connected.on('error', () => undefined)
  return connected
}

beforeAll(async () => {
  database = await freshDatabase()
  ;[pool, secondPool] = [connect(), connect()]
})

afterAll(async () => {
  await Promise.all([pool.end(), secondPool.end()])
  await database.drop()
})

/** Brings the birth of every key further back, as time would. */
async function elapse(ms: number): Promise<void> {
  await pool.query(
    "UPDATE public.data_keys SET created_at = created_at - $1::int * interval '1 millisecond'",
    [ms],
  )
}

dataKeyStoreContract(test, async () => ({
  store: new PostgresDataKeyStore({ pool }),
  sibling: new PostgresDataKeyStore({ pool: secondPool }),
  elapse,
  close: () => Promise.resolve(),
}))
