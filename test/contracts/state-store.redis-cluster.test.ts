import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedisCluster } from '../../dev/services/redis-cluster.ts'
import type { RunningRedisCluster } from '../../dev/services/redis-cluster.ts'
import { connectRedis } from '../../src/adapters/redis/connect-redis.ts'
import { RedisStartLimiter } from '../../src/adapters/redis/start-limiter.ts'
import { RedisStateStore } from '../../src/adapters/redis/state-store.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { startLimiterContract } from '../../src/testing/contracts/start-limiter.contract.ts'
import { stateStoreContract } from '../../src/testing/contracts/state-store.contract.ts'
import { advanceCounters } from './redis-counters.ts'

let cluster: RunningRedisCluster
let client: Cluster
let secondClient: Cluster

beforeAll(async () => {
  cluster = await startRedisCluster()
  const urls = cluster.nodes.map(({ host, port }) => `redis://${host}:${port}`)
  client = connectRedis(urls)
  secondClient = connectRedis(urls)
})
afterAll(async () => {
  client.disconnect()
  secondClient.disconnect()
  await cluster.stop()
})

stateStoreContract(test, async () => ({
  store: new RedisStateStore({ client }),
  sibling: new RedisStateStore({ client: secondClient }),
  // Redis has no clock that could be set: its own expiry is the subject.
  pass: (ms) => delay(ms),
  granularityMs: 250,
  close: async () => undefined,
}))

let opened = 0
startLimiterContract(test, async () => {
  opened += 1
  const keyPrefix = `limits-${opened}:`
  return {
    limiter: (limits) => new RedisStartLimiter({ client, keyPrefix, limits }),
    pass: (ms) => advanceCounters(client.nodes('master'), keyPrefix, ms),
    close: async () => undefined,
  }
})

test('the counters of many tenants spread over all nodes of a cluster', async () => {
  const keyPrefix = 'spread:'
  const limiter = new RedisStartLimiter({ client, keyPrefix })
  for (let index = 0; index < 60; index += 1) {
    await limiter.admit({ tenantId: parseTenantId(`tenant-${index}`), initiatorHash: 'initiator' })
  }
  const keys = await Promise.all(client.nodes('master').map((node) => node.keys(`${keyPrefix}*`)))
  expect(keys.flat()).toHaveLength(180)
  for (const ofNode of keys) expect(ofNode.length).toBeGreaterThan(18)
})
