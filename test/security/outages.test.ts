import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startRedis } from '../../dev/services/redis.ts'
import type { RunningRedis } from '../../dev/services/redis.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { cuttableLink } from './cuttable-link.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, keyOf, newTenant, openWorld, outcomeOf, start } from './world.ts'

const faults: readonly (readonly [string, (server: RunningRedis) => unknown])[] = [
  ['is gone', (server) => server.kill()],
  [
    'accepts and answers nothing',
    (server) => {
      server.pause()
    },
  ],
]

async function ownRedis(): Promise<RunningRedis> {
  const server = await startRedis({ isDedicated: true })
  afterwards(() => server.kill())
  return server
}

/** What came of it, and whether it took less than two seconds. */
async function within2Seconds(work: () => Promise<string>): Promise<readonly [string, boolean]> {
  const startedAt = performance.now()
  const outcome = await work()
  return [outcome, performance.now() - startedAt < 2_000]
}

describe.each(faults)('a Redis that %s', (_how, befall) => {
  test('lets nobody start or complete, says so in time, and nothing reaches the platform', async () => {
    const [acme, server] = [await startGrantingPlatform(), await ownRedis()]
    const world = await openWorld({ platforms: [acme], states: { redisUrl: server.url } })
    const container = world.process()
    const tenant = newTenant()
    const { state } = await start(container, tenant)
    await befall(server)

    expect(await within2Seconds(() => outcomeOf(start(container, tenant)))).toEqual([
      'store_unavailable',
      true,
    ])
    expect(await within2Seconds(() => complete(container, { code: 'code', state }))).toEqual([
      'store_unavailable',
      true,
    ])
    expect(acme.requests).toHaveLength(0)
  })

  test('keeps nobody from a token that is connected', async () => {
    const [acme, server] = [await startGrantingPlatform(), await ownRedis()]
    const world = await openWorld({ platforms: [acme], states: { redisUrl: server.url } })
    const container = world.process()
    const tenant = newTenant()
    const { state } = await start(container, tenant)
    expect(await complete(container, { code: 'code', state })).toBe('connected')
    await befall(server)

    expect((await container.get(IDS.AccessTokens).get(keyOf(tenant))).reveal()).toBe('access-for-code')
    expect((await container.get(IDS.AccessTokens).refresh(keyOf(tenant))).reveal()).toBe('access-for-')
  })
})

test('a Redis that comes back empty has forgotten the states: they are refused, nothing is exchanged, new ones work', async () => {
  const [acme, server] = [await startGrantingPlatform(), await ownRedis()]
  const world = await openWorld({ platforms: [acme], states: { redisUrl: server.url } })
  const container = world.process()
  const tenant = newTenant()
  const { state } = await start(container, tenant)
  await server.kill()
  const again = await startRedis({ isDedicated: true, port: server.port })
  afterwards(() => again.kill())
  let outcome = 'store_unavailable'
  while (outcome === 'store_unavailable') {
    // The client finds the server again only when it gets its turn.
    await delay(20)
    outcome = await complete(container, { code: 'code', state })
  }

  expect(outcome).toBe('state_invalid')
  expect(acme.exchanges).toHaveLength(0)
  expect(await complete(container, { code: 'code', state: (await start(container, tenant)).state })).toBe(
    'connected',
  )
})

test('a database that cannot record that a state was used keeps its code from being exchanged', async () => {
  const acme = await startGrantingPlatform()
  const world = await openWorld({ platforms: [acme] })
  const link = await cuttableLink(world.databaseUrl)
  const container = world.process({ database: { connectionString: link.url } })
  const { state } = await start(container, newTenant())
  link.cut()

  expect(await complete(container, { code: 'code', state })).toBe('store_unavailable')
  expect(acme.requests).toHaveLength(0)
})
