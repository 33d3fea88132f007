import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterEach, expect, test, vi } from 'vitest'
import { startRedisCluster } from '../../../dev/services/redis-cluster.ts'
import { startRedis } from '../../../dev/services/redis.ts'
import type { RunningRedis } from '../../../dev/services/redis.ts'
import { freePort } from '../../../dev/services/ports.ts'
import { connectRedis } from '../../../src/adapters/redis/connect-redis.ts'
import type { RedisCommands } from '../../../src/adapters/redis/redis-commands.ts'
import { RedisStartLimiter } from '../../../src/adapters/redis/start-limiter.ts'
import { RedisStateStore } from '../../../src/adapters/redis/state-store.ts'
import { StoreUnavailableError } from '../../../src/domain/errors.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { asSealed } from '../../../src/ports/cipher.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function disconnectedAfter<C extends { disconnect(): void }>(client: C): C {
  cleanUps.push(() => {
    client.disconnect()
  })
  return client
}

async function dedicated(settings: Readonly<Record<string, string>> = {}): Promise<RunningRedis> {
  const server = await startRedis({ isDedicated: true, settings })
  cleanUps.push(server.stop)
  return server
}

/** Every operation fails as unavailable, each in under a second, and none of them is silent. */
async function expectUnavailable(client: RedisCommands): Promise<void> {
  const states = new RedisStateStore({ client })
  const limiter = new RedisStartLimiter({ client })
  const operations = [
    () => states.remember('key', asSealed('c1.sealed-value'), 60_000),
    () => states.consume('key'),
    () => limiter.admit({ tenantId: parseTenantId('tenant') }),
  ]
  for (const operation of operations) {
    const startedAt = performance.now()
    await expect(operation()).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  }
}

async function expectWorking(client: RedisCommands): Promise<void> {
  const states = new RedisStateStore({ client })
  await states.remember('works', asSealed('c1.value'), 60_000)
  expect(await states.consume('works')).toBe('c1.value')
  expect(await new RedisStartLimiter({ client }).admit({ tenantId: parseTenantId('tenant') })).toEqual({
    admitted: true,
  })
}

test('a port on which nobody listens answers in under a second', async () => {
  await expectUnavailable(disconnectedAfter(connectRedis(`redis://127.0.0.1:${await freePort()}`)))
})

test('a cluster of which no node listens answers in under a second', async () => {
  const urls = [`redis://127.0.0.1:${await freePort()}`, `redis://127.0.0.1:${await freePort()}`]
  await expectUnavailable(disconnectedAfter(connectRedis(urls)))
})

test('the first command waits for the connection that is being made', async () => {
  const server = await dedicated()
  await expectWorking(disconnectedAfter(connectRedis(server.url)))
})

test('many first commands share one connection without a warning', async () => {
  const server = await dedicated()
  const client = disconnectedAfter(connectRedis(server.url))
  const states = new RedisStateStore({ client })
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => states.remember(`key-${index}`, asSealed('c1.v'), 60_000)),
  )
  expect(client.listenerCount('ready')).toBeLessThan(5)
  expect(await states.consume('key-49')).toBe('c1.v')
})

test('a server that stops answering is given up on, and used again when it answers', async () => {
  const server = await dedicated()
  const client = disconnectedAfter(connectRedis(server.url))
  await expectWorking(client)
  server.pause()
  await expectUnavailable(client)
  server.resume()
  await vi.waitFor(() => expectWorking(client), 5_000)
})

test('a server that does not answer from the first connection on is given up on', async () => {
  const server = await dedicated()
  server.pause()
  await expectUnavailable(disconnectedAfter(connectRedis(server.url)))
})

test('a connection that is lost in between fails at once and comes back by itself', async () => {
  const server = await dedicated()
  const client = disconnectedAfter(connectRedis(server.url))
  await expectWorking(client)
  await server.kill()
  await expectUnavailable(client)
  const next = await startRedis({ isDedicated: true, port: server.port })
  cleanUps.push(next.stop)
  await vi.waitFor(() => expectWorking(client), 5_000)
})

test('a cluster that goes away while it is used is answered for in under a second', async () => {
  const cluster = await startRedisCluster()
  cleanUps.push(cluster.stop)
  const client = disconnectedAfter(connectRedis(cluster.nodes.map(({ port }) => `redis://127.0.0.1:${port}`)))
  await expectWorking(client)
  await cluster.stop()
  await expectUnavailable(client)
})

test("a host's own client that queues and retries without end is answered for in under a second", async () => {
  const server = await dedicated()
  const own = disconnectedAfter(new Redis(server.url, { maxRetriesPerRequest: null }))
  own.on('error', () => undefined)
  await expectWorking(own)
  server.pause()
  await expectUnavailable(own)
  server.resume()
  const dead = new Redis(await freePort(), { maxRetriesPerRequest: null })
  dead.on('error', () => undefined)
  await expectUnavailable(disconnectedAfter(dead))
})

test('what was given up on while connecting does not happen later', async () => {
  const server = await dedicated()
  server.pause()
  const client = disconnectedAfter(connectRedis(server.url, { timeoutMs: 300 }))
  const states = new RedisStateStore({ client, timeoutMs: 150 })
  await expect(states.remember('late', asSealed('c1.value'), 60_000)).rejects.toThrow('in time')
  server.resume()
  if (client.status !== 'ready') await once(client, 'ready')
  await delay(50)
  expect(await states.consume('late')).toBeUndefined()
})

test('the errors tell what to do and repeat neither keys nor values nor the password', async () => {
  const server = await dedicated({ requirepass: 'the-password' })
  const client = disconnectedAfter(new Redis(server.url, { enableReadyCheck: false }))
  client.on('error', () => undefined)
  const error: unknown = await new RedisStateStore({ client, keyPrefix: 'the-prefix:' })
    .remember('the-key', asSealed('c1.the-value'), 60_000)
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    code: 'store_unavailable',
    message: 'Redis is not available; it answered NOAUTH; check the credentials it is reached with',
  })
  expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/the-(password|prefix|key|value)/)
})
