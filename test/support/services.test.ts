import { Redis } from 'ioredis'
import { Client } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { startRedisCluster } from '../../dev/services/redis-cluster.ts'
import { startRedis } from '../../dev/services/redis.ts'
import { freshDatabase } from './database.ts'
import { freshRedis } from './redis.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  cleanUps.push(() => client.end())
  return client
}

test('every fresh database starts without the tables of another one', async () => {
  const [first, second] = await Promise.all([freshDatabase(), freshDatabase()])
  cleanUps.push(first.drop, second.drop)
  const one = await connected(first.url)
  await one.query('CREATE TABLE only_here (id int)')
  const other = await connected(second.url)
  await expect(other.query('SELECT * FROM only_here')).rejects.toMatchObject({ code: '42P01' })
})

test('a dropped database is gone although a connection was open', async () => {
  const database = await freshDatabase('empty')
  await connected(database.url)
  await database.drop()
  const late = new Client({ connectionString: database.url })
  await expect(late.connect()).rejects.toMatchObject({ code: '3D000' })
})

test('the Redis of the run answers', async () => {
  const { url, keyPrefix } = freshRedis()
  const client = new Redis(url, { keyPrefix })
  cleanUps.push(() => {
    client.disconnect()
  })
  await client.set('key', 'value', 'EX', 5)
  expect(await client.get('key')).toBe('value')
})

test('a dedicated Redis can be paused, resumed and killed', async () => {
  const server = await startRedis({ isDedicated: true })
  cleanUps.push(server.stop)
  const client = new Redis(server.url, { commandTimeout: 300, maxRetriesPerRequest: 1 })
  client.on('error', () => undefined)
  cleanUps.push(() => {
    client.disconnect()
  })
  await client.ping()
  server.pause()
  await expect(client.ping()).rejects.toThrow('timed out')
  server.resume()
  expect(await client.ping()).toBe('PONG')
  await server.kill()
  await expect(client.ping()).rejects.toThrow()
})

test('a Redis Cluster of three nodes serves keys of every slot range', async () => {
  const cluster = await startRedisCluster()
  cleanUps.push(cluster.stop)
  const [first] = cluster.nodes
  const client = new Redis.Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }])
  cleanUps.push(() => {
    client.disconnect()
  })
  const keys = Array.from({ length: 30 }, (_, index) => `key-${String(index)}`)
  for (const key of keys) await client.set(key, key)
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
  expect(client.nodes('master')).toHaveLength(3)
})
