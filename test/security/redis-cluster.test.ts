import { expect, test } from 'vitest'
import { startRedisCluster } from '../../dev/services/redis-cluster.ts'
import { configFromEnvironment } from '../../src/application/config/environment.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, newTenant, openWorld, outcomeOf, start } from './world.ts'

test('a flow that begins in one process ends in another over a Redis Cluster of three nodes, once', async () => {
  const cluster = await startRedisCluster()
  afterwards(() => cluster.stop())
  const acme = await startGrantingPlatform()
  const world = await openWorld({ platforms: [acme] })
  const redis = { urls: cluster.nodes.map(({ host, port }) => `redis://${host}:${port}`) }
  const [one, other] = [world.process({ redis }), world.process({ redis })]
  // Enough to lie on every node.
  for (let turn = 1; turn <= 20; turn += 1) {
    const { state } = await start(one, newTenant())
    const outcomes = await Promise.all([one, other].map((each) => complete(each, { code: 'code', state })))
    expect(outcomes.sort()).toEqual(['connected', 'state_invalid'])
    expect(acme.exchanges).toHaveLength(turn)
  }
  const tenant = newTenant()
  const initiator = { userId: 'busy' }
  for (let turn = 0; turn < 10; turn += 1) await start(turn % 2 === 0 ? one : other, tenant, { initiator })

  expect(await outcomeOf(start(other, tenant, { initiator }))).toBe('limit_exceeded')
})

test('the nodes of a cluster are named in REDIS_URL, separated by commas', () => {
  const others = { DATABASE_URL: 'postgres://db/app', INTEGRATION_KMS_KEY_ID: 'alias/tokens' }
  const configured = (url: string) => configFromEnvironment({ ...others, REDIS_URL: url }).config.redis

  expect(configured('redis://one:6379')).toEqual({ url: 'redis://one:6379' })
  expect(configured('redis://one:6379, redis://two:6379')).toEqual({
    urls: ['redis://one:6379', 'redis://two:6379'],
  })
})
