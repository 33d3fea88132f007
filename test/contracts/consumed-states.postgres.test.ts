import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresConsumedStates } from '../../src/adapters/postgres/consumed-states.ts'
import { consumedStatesContract } from '../../src/testing/contracts/consumed-states.contract.ts'
import { freshStateTables } from './state-tables.ts'
import type { StateTables } from './state-tables.ts'

let tables: StateTables
beforeAll(async () => {
  tables = await freshStateTables()
})
afterAll(() => tables.close())

consumedStatesContract(test, async () => ({
  consumed: new PostgresConsumedStates({ pool: tables.pool }),
  sibling: new PostgresConsumedStates({ pool: tables.secondPool }),
  pass: async (ms) => {
    await tables.pool.query(
      "UPDATE public.consumed_states SET keep_until = keep_until - $1::int * interval '1 millisecond'",
      [ms],
    )
  },
  close: async () => undefined,
}))

test('records whose time is over leave the table as new ones come', async () => {
  const consumed = new PostgresConsumedStates({ pool: tables.pool })
  await tables.pool.query('TRUNCATE public.consumed_states')
  for (let index = 0; index < 12; index += 1) await consumed.record(`old-${index}`, 60_000)
  await tables.pool.query("UPDATE public.consumed_states SET keep_until = keep_until - interval '1 minute'")
  for (let index = 0; index < 4; index += 1) await consumed.record(`new-${index}`, 60_000)
  const { rows } = await tables.pool.query<{ key: string }>('SELECT key FROM public.consumed_states')
  expect(rows.map(({ key }) => key).sort()).toEqual(['new-0', 'new-1', 'new-2', 'new-3'])
})

test('a record is committed to disk where the database by default does not wait for it', async () => {
  const lax = await freshStateTables({ max: 1, options: '-c synchronous_commit=off' })
  try {
    // A deferred trigger runs when the transaction commits, and sees what the commit sees.
    await lax.pool.query(`
      CREATE TABLE public.seen (synchronous_commit text);
      CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON public.consumed_states
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.note()`)
    expect(await new PostgresConsumedStates({ pool: lax.pool }).record('key', 60_000)).toBe(true)
    expect((await lax.pool.query('SELECT * FROM public.seen')).rows).toEqual([{ synchronous_commit: 'on' }])
    const after = await lax.pool.query("SELECT current_setting('synchronous_commit') AS setting")
    expect(after.rows).toEqual([{ setting: 'off' }])
  } finally {
    await lax.close()
  }
})
