import { expect, test } from 'vitest'
import { freePort } from '../../../dev/services/ports.ts'
import {
  checkMigrated,
  createPool,
  migrate,
  PostgresTokenStore,
} from '../../../src/adapters/postgres/index.ts'
import { isUnanswered, toStoreError } from '../../../src/adapters/postgres/store-error.ts'
import { KEY } from '../../../src/testing/contracts/connection-fixtures.ts'
import { freshDatabase } from '../../support/database.ts'

const SECRET = 'a-password-of-nobody'

/** What is said of a database that is reached by this URL, by a store and by whoever checks it. */
async function saidOf(connectionString: string): Promise<string> {
  const pool = createPool({ connectionString })
  try {
    const refusals = [
      new PostgresTokenStore({ pool }).list(KEY.tenantId),
      checkMigrated({ connectionString }),
    ]
    const [store, check] = await Promise.all(
      refusals.map((refused) => refused.catch((error: unknown) => error)),
    )
    expect(store).toMatchObject({ code: 'store_unavailable' })
    expect(check).toEqual(store)
    return store instanceof Error ? store.message : ''
  } finally {
    await pool.end()
  }
}

test('a server that is not reached is told with the reason of the system, and with what to look at', async () => {
  const port = String(await freePort())
  expect(await saidOf(`postgres://app:${SECRET}@127.0.0.1:${port}/app`)).toBe(
    'Postgres is not available; check that it runs and that its host, port and TLS settings are right, or call again ' +
      'later (ECONNREFUSED)',
  )
  expect(await saidOf(`postgres://app:${SECRET}@no-host.invalid/app`)).toMatch(/\((ENOTFOUND|EAI_AGAIN)\)$/)
})

test('a server without TLS, where TLS is asked for, is told with what to look at', async () => {
  const { url, drop } = await freshDatabase()
  expect(await saidOf(`${url}?sslmode=verify-full`)).toContain('TLS settings')
  await drop()
})

test('a database or a login that there is not is told in words', async () => {
  const { url, drop } = await freshDatabase()
  await drop()
  expect(await saidOf(url)).toBe(
    'Postgres is not available; there is no such database; create it, or correct its name in DATABASE_URL',
  )
  const other = new URL(url)
  other.username = 'nobody_at_all'
  expect(await saidOf(other.href)).toContain('it refused the login')
})

test.each([
  ['53300', 'max_connections'],
  ['57P03', 'starting up'],
  ['XX000', 'it answered XX000; look into its log'],
])('%s is told in words', (code, words) => {
  const error = toStoreError(Object.assign(new Error(SECRET), { code }))
  expect(error.message).toContain(words)
  expect(error.message).not.toContain(SECRET)
})

test('nothing of a driver’s message is told, nor a code that is none', () => {
  for (const code of ['', 'a code of somebody else', 7, undefined]) {
    expect(toStoreError(Object.assign(new Error(SECRET), { code })).message).toMatch(/call again later$/)
  }
})

test('a connection that broke while it was written to has not answered, though its code has five letters', () => {
  expect(isUnanswered(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(true)
  expect(isUnanswered(Object.assign(new Error('deadlock'), { code: '40P01' }))).toBe(false)
})

test('a login to be granted that does not exist is named, and nothing is changed', async () => {
  const { url, drop } = await freshDatabase('empty')
  const migrating = migrate({ connectionString: url, grantTo: ['nobody_at_all', 'nor this one'] })
  await expect(migrating).rejects.toMatchObject({
    code: 'config_invalid',
    problems: ['--grant-to: there is no login nobody_at_all', '--grant-to: there is no login nor this one'],
  })
  await expect(checkMigrated({ connectionString: url })).rejects.toMatchObject({ code: 'migration_conflict' })
  await drop()
})
