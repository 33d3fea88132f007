import { afterAll, test } from 'vitest'
import { connectRedis } from '../../src/adapters/redis/connect-redis.ts'
import { RedisStartLimiter } from '../../src/adapters/redis/start-limiter.ts'
import { startLimiterContract } from '../../src/testing/contracts/start-limiter.contract.ts'
import { freshRedis } from '../support/redis.ts'
import { advanceCounters } from './redis-counters.ts'

const client = connectRedis(freshRedis().url)
afterAll(() => {
  client.disconnect()
})

startLimiterContract(test, async () => {
  const { keyPrefix } = freshRedis()
  return {
    limiter: (limits) => new RedisStartLimiter({ client, keyPrefix, limits }),
    pass: (ms) => advanceCounters([client], keyPrefix, ms),
    close: async () => undefined,
  }
})
