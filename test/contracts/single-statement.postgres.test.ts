import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { inspect } from 'node:util'
import { Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../../dev/services/ports.ts'
import { PostgresConsumedStates } from '../../src/adapters/postgres/consumed-states.ts'
import { prepared } from '../../src/adapters/postgres/postgres-pool.ts'
import { SingleStatements } from '../../src/adapters/postgres/single-statement.ts'
import type { StatementPool } from '../../src/adapters/postgres/single-statement.ts'
import { PostgresStartLimiter } from '../../src/adapters/postgres/start-limiter.ts'
import { PostgresStateStore } from '../../src/adapters/postgres/state-store.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { asSealed } from '../../src/ports/cipher.ts'
import { freshDatabase } from '../support/database.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function opened(config: PoolConfig): Pool {
  const pool = new Pool(config)
  pool.on('error', () => undefined)
  cleanUps.push(() => pool.end())
  return pool
}

/** Every operation fails with this code, in about a second, and repeats nothing of what it was given. */
async function failures(pool: StatementPool, code = 'store_unavailable'): Promise<readonly string[]> {
  const states = new PostgresStateStore({ pool })
  const operations = [
    () => states.remember('the-key', asSealed('c1.the-value'), 60_000),
    () => states.consume('the-key'),
    () => new PostgresConsumedStates({ pool }).record('the-key', 60_000),
    () => new PostgresStartLimiter({ pool }).admit({ tenantId: parseTenantId('the-tenant') }),
  ]
  const messages: string[] = []
  for (const operation of operations) {
    const startedAt = performance.now()
    const error: unknown = await operation().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(error).toMatchObject({ code })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/the-(key|value|tenant|password)/)
    if (error instanceof Error) messages.push(error.message)
  }
  return messages
}

test('a port on which nobody listens is unavailable', async () => {
  const url = `postgres://user:the-password@127.0.0.1:${await freePort()}/db`
  expect(await failures(opened({ connectionString: url }))).toHaveLength(4)
})

test('a server that accepts and never answers is given up on, whatever the pool would do', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket))
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const pool = new Pool({ host: '127.0.0.1', port, user: 'user', password: 'the-password', max: 10 })
  pool.on('error', () => undefined)
  const messages = await failures(pool)
  for (const message of messages) expect(message).toContain('in time')
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('a database without the tables says what to run', async () => {
  const database = await freshDatabase('empty')
  cleanUps.push(database.drop)
  const messages = await failures(opened({ connectionString: database.url }), 'migration_conflict')
  for (const message of messages) expect(message).toContain('integrations migrate')
})

/** One session, so that what it has prepared is there to be seen. */
async function oneSession(): Promise<Pool> {
  const database = await freshDatabase()
  cleanUps.push(database.drop)
  return opened({ connectionString: database.url, max: 1 })
}

async function preparedIn(pool: Pool): Promise<readonly unknown[]> {
  const { rows } = await pool.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements')
  return rows
}

const ASKED = 'SELECT $1::text AS answer'

test('a session parses a statement once', async () => {
  const pool = await oneSession()
  const statements = new SingleStatements({ pool })
  expect(await statements.run(prepared(ASKED), ['one'])).toEqual([{ answer: 'one' }])
  expect(await statements.run(prepared(ASKED), ['two'])).toEqual([{ answer: 'two' }])
  expect(await preparedIn(pool)).toEqual([{ statement: ASKED }])
})

test('nothing is prepared of statements whose plan depends on how much a table holds', async () => {
  const pool = await oneSession()
  await new PostgresStateStore({ pool }).remember('the-key', asSealed('c1.the-value'), 60_000)
  expect(await preparedIn(pool)).toEqual([])
})

test('where a pooler has lost what was prepared, statements run all the same, and nothing more is prepared', async () => {
  const pool = await oneSession()
  const statements = new SingleStatements({ pool })
  await statements.run(prepared(ASKED), ['one'])
  await pool.query('DEALLOCATE ALL')
  expect(await statements.run(prepared(ASKED), ['two'])).toEqual([{ answer: 'two' }])
  const others = new SingleStatements({ pool })
  for (const each of [statements, others])
    expect(await each.run(prepared(ASKED), ['three'])).toEqual([{ answer: 'three' }])
  expect(await preparedIn(pool)).toEqual([])
})

test('where a pooler gave the session to somebody who prepared the same before, statements run all the same', async () => {
  const pool = await oneSession()
  await new SingleStatements({ pool }).run(prepared(ASKED), ['one'])
  // The next session of the driver knows nothing of what this one of the server keeps.
  const client = await pool.connect()
  Object.assign(client, {
    connection: Object.assign(Reflect.get(client, 'connection'), { parsedStatements: {} }),
  })
  client.release()
  expect(await new SingleStatements({ pool }).run(prepared(ASKED), ['two'])).toEqual([{ answer: 'two' }])
})

test('a migration that changes what a function answers does not end the processes that asked it before', async () => {
  const pool = await oneSession()
  const statements = new SingleStatements({ pool })
  const columns = (list: string): string =>
    `DROP FUNCTION IF EXISTS of_today(); CREATE FUNCTION of_today() RETURNS TABLE (${list}) LANGUAGE sql AS 'SELECT 1, 2'`
  await pool.query(columns('one integer, two integer'))
  expect(await statements.run(prepared('SELECT * FROM of_today()'), [])).toEqual([{ one: 1, two: 2 }])
  await pool.query(columns('one integer, second integer'))
  for (const _ of ['once refused', 'prepared anew'])
    expect(await statements.run(prepared('SELECT * FROM of_today()'), [])).toEqual([{ one: 1, second: 2 }])
  expect(await preparedIn(pool)).toEqual([{ statement: 'SELECT * FROM of_today()' }])
})
