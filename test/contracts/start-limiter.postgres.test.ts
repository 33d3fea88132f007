import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresStartLimiter } from '../../src/adapters/postgres/start-limiter.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { startLimiterContract } from '../../src/testing/contracts/start-limiter.contract.ts'
import { freshStateTables } from './state-tables.ts'
import type { StateTables } from './state-tables.ts'

let tables: StateTables
beforeAll(async () => {
  tables = await freshStateTables()
})
afterAll(() => tables.close())

/** Brings the end of every window nearer, as time would. */
async function pass(ms: number): Promise<void> {
  await tables.pool.query(
    "UPDATE public.integration_start_counters SET window_ends_at = window_ends_at - $1::int * interval '1 millisecond'",
    [ms],
  )
}

startLimiterContract(test, async () => {
  await tables.pool.query('TRUNCATE public.integration_start_counters')
  let count = 0
  return {
    limiter: (limits) => {
      count += 1
      const pool = count % 2 === 0 ? tables.secondPool : tables.pool
      return new PostgresStartLimiter({ pool, limits })
    },
    pass,
    close: async () => undefined,
  }
})

test('the limit holds when two processes ask at once, also where the database isolates strictly', async () => {
  const strict = await freshStateTables({ options: '-c default_transaction_isolation=serializable' })
  try {
    const first = new PostgresStartLimiter({ pool: strict.pool })
    const second = new PostgresStartLimiter({ pool: strict.secondPool })
    const request = { tenantId: parseTenantId('tenant'), initiatorHash: 'initiator' }
    const admissions = await Promise.all(
      Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? first : second).admit(request)),
    )
    expect(admissions.filter((admission) => admission.admitted)).toHaveLength(10)
  } finally {
    await strict.close()
  }
})

test('counters name no tenant, and leave the table when their window is over and others come', async () => {
  await tables.pool.query('TRUNCATE public.integration_start_counters')
  const limiter = new PostgresStartLimiter({ pool: tables.pool })
  for (let index = 0; index < 10; index += 1) {
    await limiter.admit({ tenantId: parseTenantId(`acme-${index}`), initiatorHash: 'initiator' })
  }
  const before = await tables.pool.query<{ bucket: string }>(
    'SELECT bucket FROM public.integration_start_counters',
  )
  expect(before.rows).toHaveLength(30)
  expect(JSON.stringify(before.rows)).not.toContain('acme')
  await pass(600_000)
  for (let index = 0; index < 5; index += 1) await limiter.admit({ tenantId: parseTenantId('other') })
  const after = await tables.pool.query('SELECT bucket FROM public.integration_start_counters')
  expect(after.rows).toHaveLength(2)
})
