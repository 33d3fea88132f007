import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedis } from '../../dev/services/redis.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, keyOf, newTenant, openWorld, start } from './world.ts'

interface Flow {
  readonly tenant: string
  readonly label: string
  readonly code: string
  readonly state: string
}

const STATE_LIFETIME_MS = 600_000

test('two thousand flows of five hundred tenants over two processes, completed in any order, land each on its own', async () => {
  const [acme, redis] = [await startGrantingPlatform(), await startRedis({ isDedicated: true })]
  afterwards(() => redis.kill())
  const world = await openWorld({ platforms: [acme], states: { redisUrl: redis.url } })
  const processes = [world.process(), world.process()]
  const anyProcess = () => processes[Math.random() < 0.5 ? 0 : 1] ?? world.process()
  const inspector = new Redis(redis.url)
  afterwards(() => {
    inspector.disconnect()
  })
  const baseline = await inspector.dbsize()

  const tenants = Array.from({ length: 500 }, () => newTenant())
  const wanted = tenants.flatMap((tenant) => ['a', 'b', 'c', 'd'].map((label) => ({ tenant, label })))
  const flows = await inBatches(shuffled(wanted), async ({ tenant, label }): Promise<Flow> => {
    const { state } = await start(anyProcess(), tenant, { label })
    return { tenant, label, state, code: `code-${tenant}-${label}` }
  })
  expect((await inspector.keys('cgk:int:state:*')).length).toBe(2_000)

  const outcomes = await inBatches(shuffled(flows), ({ code, state }) =>
    complete(anyProcess(), { code, state }),
  )
  expect(new Set(outcomes)).toEqual(new Set(['connected']))
  expect(acme.exchanges).toHaveLength(2_000)

  const tokens = await inBatches(flows, async ({ tenant, label, code }) => {
    const token = await anyProcess()
      .get(IDS.AccessTokens)
      .get(keyOf(tenant, 'acme', label))
    return token.reveal() === `access-for-${code}`
  })
  expect(tokens.filter((isOwn) => isOwn)).toHaveLength(2_000)

  expect(await inspector.keys('cgk:int:state:*')).toEqual([])
  const abandoned = tenants.slice(0, 100).map((tenant) => start(anyProcess(), tenant, { label: 'abandoned' }))
  await Promise.all(abandoned)
  expect((await inspector.keys('cgk:int:state:*')).length).toBe(100)
  expect(await inspector.dbsize()).toBeGreaterThan(baseline + 100)
  await elapse(inspector, STATE_LIFETIME_MS)
  expect(await inspector.dbsize()).toBe(baseline)
}, 180_000)

/** As if so much time had passed for every key that has an end. */
async function elapse(redis: Redis, ms: number): Promise<void> {
  for (const key of await redis.keys('*')) {
    const left = await redis.pttl(key)
    if (left >= 0) await redis.pexpire(key, left - ms)
  }
}

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += 50) {
    results.push(...(await Promise.all(items.slice(from, from + 50).map(work))))
  }
  return results
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item)
}
