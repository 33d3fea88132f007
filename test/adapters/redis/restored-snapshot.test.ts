import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { startRedis } from '../../../dev/services/redis.ts'
import { PostgresConsumedStates } from '../../../src/adapters/postgres/consumed-states.ts'
import { connectRedis } from '../../../src/adapters/redis/connect-redis.ts'
import { RedisStateStore } from '../../../src/adapters/redis/state-store.ts'
import { asSealed } from '../../../src/ports/cipher.ts'
import { freshStateTables } from '../../contracts/state-tables.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

test('a used state that a restored Redis brings back is stopped by the records in Postgres', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'restored-redis-'))
  cleanUps.push(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const tables = await freshStateTables()
  cleanUps.push(tables.close)
  const open = async (): Promise<Redis> => {
    const server = await startRedis({ isDedicated: true, settings: { dir: folder } })
    const client = connectRedis(server.url)
    cleanUps.push(server.kill, () => {
      client.disconnect()
    })
    return client
  }

  const client = await open()
  await new RedisStateStore({ client }).remember('key', asSealed('c1.value'), 600_000)
  await client.save()
  expect(await new RedisStateStore({ client }).consume('key')).toBe('c1.value')
  expect(await new PostgresConsumedStates({ pool: tables.pool }).record('key', 86_400_000)).toBe(true)

  const restored = await open()
  expect(await new RedisStateStore({ client: restored }).consume('key')).toBe('c1.value')
  expect(await new PostgresConsumedStates({ pool: tables.secondPool }).record('key', 86_400_000)).toBe(false)
})
