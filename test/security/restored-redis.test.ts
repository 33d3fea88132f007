import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedis } from '../../dev/services/redis.ts'
import type { RunningRedis } from '../../dev/services/redis.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import { afterwards, complete, newTenant, openWorld, start } from './world.ts'

async function redisOver(folder: string): Promise<RunningRedis> {
  const server = await startRedis({ isDedicated: true, settings: { dir: folder } })
  afterwards(() => server.kill())
  return server
}

async function snapshot(client: Redis): Promise<void> {
  const before = await client.lastsave()
  // Snapshots are told apart by the second.
  await delay(1_100)
  await client.bgsave()
  while ((await client.lastsave()) === before) await delay(20)
}

test('a callback that was used is refused by a Redis that was restored from before its use', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'restored-redis-'))
  afterwards(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const acme = await startGrantingPlatform()
  const first = await redisOver(folder)
  const world = await openWorld({ platforms: [acme], states: { redisUrl: first.url } })
  const container = world.process()
  const { state } = await start(container, newTenant())
  const client = new Redis(first.url)
  await snapshot(client)
  client.disconnect()
  expect(await complete(container, { code: 'code', state })).toBe('connected')
  await first.kill()

  const restored = await redisOver(folder)
  const inspector = new Redis(restored.url)
  expect(await inspector.keys('cgk:int:state:*')).toHaveLength(1)
  inspector.disconnect()
  const later = world.process({ redis: { url: restored.url } })
  expect(await complete(later, { code: 'code', state })).toBe('state_invalid')
  expect(acme.exchanges).toHaveLength(1)
})
