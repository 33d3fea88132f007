import { afterAll, test } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import { connectRedis } from '../../src/adapters/redis/connect-redis.ts'
import { RedisStateStore } from '../../src/adapters/redis/state-store.ts'
import { stateStoreContract } from '../../src/testing/contracts/state-store.contract.ts'
import { freshRedis } from '../support/redis.ts'

const { url, keyPrefix } = freshRedis()
const clients = [connectRedis(url), connectRedis(url)] as const
afterAll(() => {
  for (const client of clients) client.disconnect()
})

stateStoreContract(test, async () => ({
  store: new RedisStateStore({ client: clients[0], keyPrefix }),
  sibling: new RedisStateStore({ client: clients[1], keyPrefix }),
  // Redis has no clock that could be set: its own expiry is the subject.
  pass: (ms) => delay(ms),
  granularityMs: 250,
  close: async () => undefined,
}))
