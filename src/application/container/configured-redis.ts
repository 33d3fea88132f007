import { connectRedis } from '../../adapters/redis/index.ts'
import type { ConfiguredContext } from './configured-context.ts'
import { redisModule } from './redis-module.ts'

/** States and start counters go to Redis when there is one; a client that we made is closed with the container. */
export function bindRedis({ config, container, logger, shutdown }: ConfiguredContext): void {
  const { redis } = config
  if (redis === undefined) return
  if ('client' in redis) {
    container.load(redisModule({ client: redis.client }))
    return
  }
  const client = 'urls' in redis ? connectRedis(redis.urls, { logger }) : connectRedis(redis.url, { logger })
  shutdown.onClose(async () => {
    client.disconnect()
    await Promise.resolve()
  })
  container.load(redisModule({ client }))
}
