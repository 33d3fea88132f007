import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { createPool, PostgresTokenStore } from '../../src/adapters/postgres/index.ts'
import type { CreatedPool } from '../../src/adapters/postgres/index.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { integrations } from '../support/integrations-command.ts'

let [database, pool, admin] = [{} as TestDatabase, {} as CreatedPool, {} as Client]
beforeAll(async () => {
  database = await freshDatabase()
  pool = createPool({ connectionString: database.url })
  admin = new Client({ connectionString: database.url })
  await admin.connect()
})
beforeEach(() => admin.query('TRUNCATE integration_connections'))
afterAll(async () => {
  await admin.end()
  await pool.end()
  await database.drop()
})

/** Nothing but Klaviyo can be used with these. */
const variables = (): Readonly<Record<string, string>> => ({
  DATABASE_URL: database.url,
  INTEGRATION_ENCRYPTION_KEY: generateEncryptionKey(),
})

async function connect(provider: string, label = 'default'): Promise<void> {
  await new PostgresTokenStore({ pool }).save(newGrant({ provider, label, dueInMs: 0 }))
}

describe('what is due of a platform that is not configured', () => {
  beforeEach(async () => {
    await connect('tiktok')
    await connect('tiktok', 'second')
  })

  test('is said by refresh, which fails after an hour: until then another process may come to it', async () => {
    const summary = '0 due: 0 refreshed, 0 skipped, 0 failed\n'
    expect(await integrations(['refresh'], variables())).toEqual({
      code: 0,
      printed: `${summary}tiktok: 2 still due; it is not configured here\n`,
    })
    await moveTimes(pool, HOUR_MS)
    await connect('tiktok', 'third')
    expect(await integrations(['refresh'], variables())).toEqual({
      code: 1,
      printed: `${summary}tiktok: 3 still due, 2 of them for more than an hour; it is not configured here\n`,
    })
    const forPrograms = await integrations(['refresh', '--json'], variables())
    expect(JSON.parse(forPrograms.printed)).toMatchObject({
      total: 0,
      stillDue: [{ provider: 'tiktok', due: 3, overdue: 2, isConfigured: false }],
    })
  })

  test('is a problem to doctor after an hour', async () => {
    expect((await integrations(['doctor'], variables())).printed).not.toContain('tiktok: ')
    await moveTimes(pool, HOUR_MS)
    const { code, printed } = await integrations(['doctor'], variables())
    expect(printed).toContain('problem  tiktok: 2 due for more than an hour; it is not configured here')
    expect(code).toBe(1)
  })
})

test('what nobody refreshes of a platform that is configured sends doctor’s reader to the job', async () => {
  await connect('klaviyo')
  await moveTimes(pool, HOUR_MS)
  const { printed } = await integrations(['doctor'], variables())
  expect(printed).toContain('klaviyo: 1 due for more than an hour; check that a process')
})

test('a refresh that leaves nothing behind says nothing of it', async () => {
  const { code, printed } = await integrations(['refresh'], variables())
  expect([code, printed]).toEqual([0, '0 due: 0 refreshed, 0 skipped, 0 failed\n'])
})
