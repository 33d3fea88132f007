import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'

/** The run's Redis server and a key prefix that nobody else uses. */
export interface TestRedis {
  readonly url: string
  readonly keyPrefix: string
}

/** A corner of the run's Redis for one test file; what is left in it goes with the server. */
export function freshRedis(): TestRedis {
  return { url: inject('redisUrl'), keyPrefix: `test:${randomBytes(6).toString('hex')}:` }
}
