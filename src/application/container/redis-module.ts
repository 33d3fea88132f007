import { ContainerModule } from 'inversify'
import { RedisStartLimiter, RedisStateStore } from '../../adapters/redis/index.ts'
import type { RedisOptions } from '../../adapters/redis/index.ts'
import { IDS } from './identifiers.ts'

/** Keeps states and counts starts in Redis. The barrier against a restored Redis stays with the token store's module. */
export function redisModule(options: RedisOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(IDS.StateStore).toConstantValue(new RedisStateStore(options))
    bind(IDS.StartLimiter).toConstantValue(new RedisStartLimiter(options))
  })
}
