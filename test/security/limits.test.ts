import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { startRedis } from '../../dev/services/redis.ts'
import { LimitExceededError } from '../../src/domain/errors.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, newTenant, openWorld, outcomeOf, start } from './world.ts'
import type { World } from './world.ts'

describe.each(['redis', 'postgres'] as const)('with states in %s', (states) => {
  async function limited(): Promise<World> {
    return openWorld({
      platforms: [await startGrantingPlatform()],
      ...(states === 'redis' ? {} : { states }),
    })
  }

  test('one initiator starts ten times a minute, and is told when the next may be; nobody else is held up', async () => {
    const world = await limited()
    const [one, other] = [world.process(), world.process()]
    const [tenant, neighbour] = [newTenant(), newTenant()]
    const initiator = { userId: 'busy' }
    for (let turn = 0; turn < 10; turn += 1) await start(turn % 2 === 0 ? one : other, tenant, { initiator })
    const refused: unknown = await start(one, tenant, { initiator }).catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(LimitExceededError)
    const waitMs = refused instanceof LimitExceededError ? refused.retryAt - Date.now() : 0
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(MINUTE_MS)
    expect(await outcomeOf(start(one, tenant, { initiator: { userId: 'calm' } }))).toBe('connected')
    expect(await outcomeOf(start(one, neighbour, { initiator }))).toBe('connected')
  })

  test('one tenant starts sixty times a minute, whoever starts, and its neighbours are not held up', async () => {
    const world = await limited()
    const container = world.process()
    const [tenant, neighbour] = [newTenant(), newTenant()]
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        outcomeOf(start(container, tenant, { initiator: { userId: `user-${index}` } })),
      ),
    )

    expect(outcomes.filter((outcome) => outcome === 'connected')).toHaveLength(60)
    expect(outcomes.filter((outcome) => outcome === 'limit_exceeded')).toHaveLength(40)
    expect(await outcomeOf(start(container, neighbour))).toBe('connected')
  })
})

test('a thousand starts at once by one user leave ten states and a handful of keys in Redis', async () => {
  const server = await startRedis({ isDedicated: true })
  afterwards(() => server.kill())
  const world = await openWorld({
    platforms: [await startGrantingPlatform()],
    states: { redisUrl: server.url },
  })
  const container = world.process()
  const tenant = newTenant()
  const outcomes = await Promise.all(
    Array.from({ length: 1_000 }, () =>
      outcomeOf(start(container, tenant, { initiator: { userId: 'one' } })),
    ),
  )
  const inspector = new Redis(server.url)
  const keys = await inspector.keys('*')
  inspector.disconnect()

  expect(outcomes.filter((outcome) => outcome === 'connected')).toHaveLength(10)
  expect(outcomes.filter((outcome) => outcome === 'limit_exceeded')).toHaveLength(990)
  expect(keys.filter((key) => key.includes(':state:'))).toHaveLength(10)
  expect(keys.length).toBeLessThan(15)
})
