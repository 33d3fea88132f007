import { beforeEach, describe, expect, test } from 'vitest'
import { PostgresTokenStore } from '../../src/adapters/postgres/index.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { integrations } from '../support/integrations-command.ts'
import { cliDatabase } from './cli-database.ts'

const database = cliDatabase()
beforeEach(() => database.pool.query('TRUNCATE integration_connections'))

async function connect(provider: string, label = 'default'): Promise<void> {
  await new PostgresTokenStore({ pool: database.pool }).save(newGrant({ provider, label, dueInMs: 0 }))
}

describe('what is due of a platform that is not configured', () => {
  beforeEach(async () => {
    await connect('tiktok')
    await connect('tiktok', 'second')
  })

  test('is said by refresh, which fails after an hour: until then another process may come to it', async () => {
    const summary = '0 due: 0 refreshed, 0 skipped, 0 failed\n'
    expect(await integrations(['refresh'], database.variables)).toEqual({
      code: 0,
      printed: `${summary}tiktok: 2 still due; it is not configured here\n`,
    })
    await moveTimes(database.pool, HOUR_MS)
    await connect('tiktok', 'third')
    expect(await integrations(['refresh'], database.variables)).toEqual({
      code: 1,
      printed: `${summary}tiktok: 3 still due, 2 of them for more than an hour; it is not configured here\n`,
    })
    const forPrograms = await integrations(['refresh', '--json'], database.variables)
    expect(JSON.parse(forPrograms.printed)).toMatchObject({
      total: 0,
      stillDue: [{ provider: 'tiktok', due: 3, overdue: 2, isConfigured: false }],
    })
  })

  test('is a problem to doctor after an hour', async () => {
    expect((await integrations(['doctor'], database.variables)).printed).not.toContain('tiktok: ')
    await moveTimes(database.pool, HOUR_MS)
    const { code, printed } = await integrations(['doctor'], database.variables)
    expect(printed).toContain('problem  tiktok: 2 due for more than an hour; it is not configured here')
    expect(code).toBe(1)
  })
})

test('what nobody refreshes of a platform that is configured sends doctor’s reader to the job', async () => {
  await connect('klaviyo')
  await moveTimes(database.pool, HOUR_MS)
  const { printed } = await integrations(['doctor'], database.variables)
  expect(printed).toContain('klaviyo: 1 due for more than an hour; check that a process')
})

test('a refresh that leaves nothing behind says nothing of it', async () => {
  const { code, printed } = await integrations(['refresh'], database.variables)
  expect([code, printed]).toEqual([0, '0 due: 0 refreshed, 0 skipped, 0 failed\n'])
})
