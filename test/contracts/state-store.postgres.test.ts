import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresStateStore } from '../../src/adapters/postgres/state-store.ts'
import { asSealed } from '../../src/ports/cipher.ts'
import { stateStoreContract } from '../../src/testing/contracts/state-store.contract.ts'
import { freshStateTables } from './state-tables.ts'
import type { StateTables } from './state-tables.ts'

let tables: StateTables
beforeAll(async () => {
  tables = await freshStateTables()
})
afterAll(() => tables.close())

/** Brings the end of every state nearer, as time would. */
async function pass(ms: number): Promise<void> {
  await tables.pool.query(
    "UPDATE public.integration_states SET expires_at = expires_at - $1::int * interval '1 millisecond'",
    [ms],
  )
}

stateStoreContract(test, async () => ({
  store: new PostgresStateStore({ pool: tables.pool }),
  sibling: new PostgresStateStore({ pool: tables.secondPool }),
  pass,
  granularityMs: 5_000,
  close: async () => undefined,
}))

test('expired states leave the table as new ones come', async () => {
  const store = new PostgresStateStore({ pool: tables.pool })
  await tables.pool.query('TRUNCATE public.integration_states')
  for (let index = 0; index < 30; index += 1) await store.remember(`old-${index}`, asSealed('c1.v'), 60_000)
  await pass(60_000)
  for (let index = 0; index < 10; index += 1) await store.remember(`new-${index}`, asSealed('c1.v'), 60_000)
  const { rows } = await tables.pool.query<{ key: string }>('SELECT key FROM public.integration_states')
  expect(rows.map(({ key }) => key).sort()).toEqual(Array.from({ length: 10 }, (_, index) => `new-${index}`))
})

test('a state has one winner also where the database isolates strictly by default', async () => {
  const strict = await freshStateTables({ options: '-c default_transaction_isolation=serializable' })
  try {
    const first = new PostgresStateStore({ pool: strict.pool })
    const second = new PostgresStateStore({ pool: strict.secondPool })
    for (let round = 0; round < 5; round += 1) {
      await first.remember(`key-${round}`, asSealed('c1.value'), 60_000)
      const values = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? first : second).consume(`key-${round}`)),
      )
      expect(values.filter((value) => value !== undefined)).toEqual(['c1.value'])
    }
  } finally {
    await strict.close()
  }
})
