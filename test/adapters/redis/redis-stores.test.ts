import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../../../dev/services/ports.ts'
import { startRedis } from '../../../dev/services/redis.ts'
import { connectRedis } from '../../../src/adapters/redis/connect-redis.ts'
import { RedisStartLimiter } from '../../../src/adapters/redis/start-limiter.ts'
import { RedisStateStore } from '../../../src/adapters/redis/state-store.ts'
import { ConfigInvalidError } from '../../../src/domain/errors.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { asSealed } from '../../../src/ports/cipher.ts'
import type { LogLevel } from '../../../src/ports/logger.ts'
import { freshRedis } from '../../support/redis.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function connected(url: string): Redis {
  const client = connectRedis(url)
  cleanUps.push(() => {
    client.disconnect()
  })
  return client
}

const tenantId = parseTenantId('tenant-of-acme')

/** A relay over a slow network: it counts how often something was asked after something was answered. */
async function slowRelay(target: number): Promise<{ url: string; roundTrips: () => number }> {
  let turns = 0
  let isAnswered = true
  const server = createServer((near) => {
    const far = createConnection(target, '127.0.0.1')
    near.on('data', (chunk) => {
      if (isAnswered) turns += 1
      isAnswered = false
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      setTimeout(() => {
        isAnswered = true
        near.write(chunk)
      }, 40)
    })
    for (const socket of [near, far]) socket.on('error', () => undefined)
    near.on('close', () => far.destroy())
  })
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  return { url: `redis://127.0.0.1:${port}`, roundTrips: () => turns }
}

test('a start that is counted and remembered within one tick costs one round trip', async () => {
  const { keyPrefix, url } = freshRedis()
  const relay = await slowRelay(Number(new URL(url).port || '6379'))
  const client = connected(relay.url)
  const states = new RedisStateStore({ client, keyPrefix })
  const limiter = new RedisStartLimiter({ client, keyPrefix })
  await limiter.admit({ tenantId })
  const before = relay.roundTrips()
  const [admission] = await Promise.all([
    limiter.admit({ tenantId, initiatorHash: 'initiator' }),
    states.remember('key', asSealed('c1.value'), 60_000),
  ])
  expect(admission).toEqual({ admitted: true })
  expect(relay.roundTrips() - before).toBe(1)
  expect(await states.consume('key')).toBe('c1.value')
})

test('a state lies under its own key with the lifetime that was asked for, and is gone when it was used', async () => {
  const { keyPrefix, url } = freshRedis()
  const client = connected(url)
  const states = new RedisStateStore({ client, keyPrefix })
  await states.remember('the-hash', asSealed('c1.value'), 600_000)
  expect(await client.keys(`${keyPrefix}*`)).toEqual([`${keyPrefix}state:the-hash`])
  const left = await client.pttl(`${keyPrefix}state:the-hash`)
  expect(left).toBeGreaterThan(590_000)
  expect(left).toBeLessThanOrEqual(600_000)
  await states.consume('the-hash')
  expect(await client.keys(`${keyPrefix}*`)).toEqual([])
})

test('keys begin with cgk:int: where nothing else is said', async () => {
  const server = await startRedis({ isDedicated: true })
  cleanUps.push(server.stop)
  const client = connected(server.url)
  await new RedisStateStore({ client }).remember('the-hash', asSealed('c1.value'), 60_000)
  await new RedisStartLimiter({ client }).admit({ tenantId, initiatorHash: 'initiator' })
  const keys = await client.keys('*')
  expect(keys).toHaveLength(4)
  for (const key of keys) expect(key).toMatch(/^cgk:int:(state:the-hash$|start:\{[\w-]{22}\}:)/)
})

test('a repeated command that finds its own first attempt is no collision', async () => {
  const { keyPrefix, url } = freshRedis()
  const client = connected(url)
  const states = new RedisStateStore({ client, keyPrefix })
  await states.remember('key', asSealed('c1.value'), 60_000)
  await client.set(`${keyPrefix}state:key`, 'c1.value', 'PX', 60_000)
  await expect(states.remember('key', asSealed('c1.value'), 60_000)).resolves.toBeUndefined()
})

test('no counter names its tenant, and every counter ends by itself', async () => {
  const { keyPrefix, url } = freshRedis()
  const client = connected(url)
  const limiter = new RedisStartLimiter({ client, keyPrefix, limits: { perInitiator: 2 } })
  for (let index = 0; index < 20; index += 1) await limiter.admit({ tenantId, initiatorHash: 'initiator' })
  const keys = await client.keys(`${keyPrefix}*`)
  expect(keys).toHaveLength(3)
  for (const key of keys) {
    expect(key).not.toContain('acme')
    const left = await client.pttl(key)
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(key.endsWith(':states') ? 600_000 : 60_000)
    expect(await client.get(key)).toBe('2')
  }
})

test('counting goes on when Redis has forgotten its scripts', async () => {
  const { keyPrefix, url } = freshRedis()
  const client = connected(url)
  const limiter = new RedisStartLimiter({ client, keyPrefix, limits: { perInitiator: 2 } })
  const request = { tenantId, initiatorHash: 'initiator' }
  expect(await limiter.admit(request)).toEqual({ admitted: true })
  await client.script('FLUSH')
  expect(await limiter.admit(request)).toEqual({ admitted: true })
  expect(await limiter.admit(request)).toMatchObject({ admitted: false })
})

test.each([
  '',
  'localhost:6379',
  'http://localhost:6379',
  'postgres://u:the-password@localhost/db',
  'redis://',
  'redis://:the-password%@localhost:6379',
  'redis://the-password%zz@localhost:6379',
])('the text %j is refused as a Redis URL without being repeated', (text) => {
  const connecting = (): unknown => connectRedis(text)
  expect(connecting).toThrow(ConfigInvalidError)
  expect(connecting).not.toThrow(/the-password/)
})

test('a password in the URL of a node of a Cluster is refused alike when it is not encoded', () => {
  expect(() => connectRedis(['redis://:100%@localhost:6379'])).toThrow(ConfigInvalidError)
})

test('the parts of a URL reach the client decoded', () => {
  const client = connected('rediss://us%40er:pa%3Ass@[::1]:6390/3')
  expect(client.options).toMatchObject({
    host: '::1',
    port: 6390,
    username: 'us@er',
    password: 'pa:ss',
    db: 3,
    tls: {},
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  })
})

test('a log hears once that Redis is lost and once that it is found, without the password', async () => {
  const settings = { requirepass: 'the-password' }
  const server = await startRedis({ isDedicated: true, settings })
  cleanUps.push(server.stop)
  const lines: string[] = []
  const logger = {
    log: (level: LogLevel, message: string, fields: object = {}) => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
    },
  }
  const client = connectRedis(server.url.replace('redis://', 'redis://:the-password@'), { logger })
  cleanUps.push(() => {
    client.disconnect()
  })
  await once(client, 'ready')
  await server.kill()
  for (let errors = 0; errors < 3; errors += 1) await once(client, 'error').catch(() => undefined)
  const next = await startRedis({ isDedicated: true, port: server.port, settings })
  cleanUps.push(next.stop)
  if (client.status !== 'ready') await once(client, 'ready')
  expect(lines).toEqual([
    'warn Redis cannot be reached {"reason":"ECONNREFUSED"}',
    'info Redis is reached again {}',
  ])
})
