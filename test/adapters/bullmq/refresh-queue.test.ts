import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { startRedisCluster } from '../../../dev/services/redis-cluster.ts'
import { startRedis } from '../../../dev/services/redis.ts'
import {
  createRefreshWorker,
  scheduleRefresh,
  unscheduleRefresh,
} from '../../../src/adapters/bullmq/index.ts'
import type { RefreshJob } from '../../../src/adapters/bullmq/index.ts'
import { refreshExpiringTokensJob } from '../../../src/index.ts'
import { freshRedis } from '../../support/redis.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const COUNTS = { total: 3, refreshed: 2, skipped: 0, failed: 1 }
const EVERY_SECOND = '* * * * * *'

function jobOf(handler: RefreshJob['handler']): RefreshJob {
  return { name: 'refresh', schedule: { cron: EVERY_SECOND }, retry: { attempts: 1, backoffMs: 10 }, handler }
}

/** A queue that nobody else of this run sees. */
function ownQueue(): { connection: { host: string; port: number }; prefix: string } {
  const { url, keyPrefix } = freshRedis()
  const { hostname, port } = new URL(url)
  return { connection: { host: hostname, port: Number(port) }, prefix: `{${keyPrefix}}` }
}

function inspected(queue: { connection: object; prefix: string }): Queue {
  const opened = new Queue('integrations-refresh', queue)
  cleanUps.push(() => opened.close())
  return opened
}

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('runs a scheduled job and keeps nothing of its result but the counts', async () => {
  const queue = ownQueue()
  const job = jobOf(async () => ({ ...COUNTS, errors: [{ tenantId: 'rawdog' }] }))
  const worker = await createRefreshWorker(job, queue)
  cleanUps.push(() => worker.stop())
  await scheduleRefresh(job, queue)

  const bull = inspected(queue)
  const [run] = await until(async () => {
    const completed = await bull.getCompleted()
    return completed.length > 0 ? completed : undefined
  })
  expect(run?.returnvalue).toEqual(COUNTS)
})

test('keeps one schedule however often it is set, and none once it is ended', async () => {
  const queue = ownQueue()
  await scheduleRefresh(refreshExpiringTokensJob, queue)
  await scheduleRefresh(refreshExpiringTokensJob, queue)
  const bull = inspected(queue)
  const schedulers = await bull.getJobSchedulers()
  expect(schedulers).toMatchObject([{ pattern: '*/5 * * * *', tz: 'UTC' }])

  await unscheduleRefresh(refreshExpiringTokensJob, queue)
  expect(await bull.getJobSchedulers()).toEqual([])
})

test('tells a run to stop and waits until it has', async () => {
  const queue = ownQueue()
  const seen: string[] = []
  const job = jobOf(async ({ isStopping }) => {
    seen.push('begun')
    await until(async () => (isStopping() ? true : undefined))
    seen.push('ended')
    return COUNTS
  })
  const worker = await createRefreshWorker(job, queue)
  await scheduleRefresh(job, queue)
  await until(async () => seen[0])
  await worker.stop()
  expect(seen).toEqual(['begun', 'ended'])
})

test('reports a run that fails, without the words of the failure', async () => {
  const queue = ownQueue()
  const said: string[] = []
  const logger = {
    log: (...entry: unknown[]) => {
      said.push(JSON.stringify(entry))
    },
  }
  const job = jobOf(() => Promise.reject(new TypeError('postgres://user:password@host')))
  const worker = await createRefreshWorker(job, { ...queue, logger })
  cleanUps.push(() => worker.stop())
  await scheduleRefresh(job, queue)
  expect(await until(async () => said[0])).toBe(
    '["warn","A run of the refresh queue failed",{"code":"TypeError"}]',
  )
})

test("survives the loss of its Redis and leaves the host's own client open", async () => {
  const server = await startRedis({ isDedicated: true })
  cleanUps.push(server.stop)
  const client = new Redis(server.url, { maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  cleanUps.push(() => {
    client.disconnect()
  })
  const logged: string[] = []
  const job = jobOf(async () => COUNTS)
  const worker = await createRefreshWorker(job, {
    connection: client,
    logger: { log: (_level, message) => logged.push(message) },
  })
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal')
  await scheduleRefresh(job, { connection: client })
  const bull = inspected({ connection: client, prefix: '{integrations}' })
  await until(async () => ((await bull.getCompletedCount()) > 0 ? true : undefined))
  await worker.stop()
  expect(await client.ping()).toBe('PONG')
  expect(logged.filter((message) => message !== 'The refresh queue has a problem')).toEqual([])
})

test('keeps the whole queue in one slot of a Redis Cluster', async () => {
  const cluster = await startRedisCluster()
  cleanUps.push(cluster.stop)
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
  const client = new Redis.Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null } })
  cleanUps.push(() => {
    client.disconnect()
  })
  const job = jobOf(async () => COUNTS)
  const worker = await createRefreshWorker(job, { connection: client })
  cleanUps.push(() => worker.stop())
  await scheduleRefresh(job, { connection: client })
  const bull = inspected({ connection: client, prefix: '{integrations}' })
  await until(async () => ((await bull.getCompletedCount()) > 0 ? true : undefined))
})
