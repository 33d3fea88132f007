import { ContainerModule } from 'inversify'
import { JoinedCalls, RedisStartLimiter, RedisStateStore } from '../../adapters/redis/index.ts'
import type { RedisOptions } from '../../adapters/redis/index.ts'
import { IDS } from './identifiers.ts'

/**
 * Keeps states and counts starts in Redis, in place of whatever was to do so before. The barrier against a restored
 * Redis stays with the token store's module.
 */
export function redisModule(options: RedisOptions): ContainerModule {
  return new ContainerModule(({ rebind }) => {
    const joined = new JoinedCalls(options)
    rebind(IDS.StateStore).toConstantValue(new RedisStateStore({ ...options, joined }))
    rebind(IDS.StartLimiter).toConstantValue(new RedisStartLimiter({ ...options, joined }))
  })
}
