import type { RefreshDueResult } from '../src/application/use-cases/refresh-due-connections.ts'
import { startProvider, startWorker } from './child-process.ts'
import type { ProviderCounts, WorkerProcess } from './child-process.ts'
import { BENCH_CLIENT_ID } from './container.ts'
import { benchDatabase, onClient, seedBystanders, seedConnections } from './database.ts'
import { benchCipher, benchTenants } from './keys.ts'
import type { Benchmark, Result } from './report.ts'

const WORKERS = 2
const SLOTS = 50
const LATENCY_MS = 20
const SIZES = {
  small: { due: 10_000, others: 90_000 },
  full: { due: 100_000, others: 900_000 },
} as const

type JobResult = RefreshDueResult & { readonly peakRssMb: number }

/**
 * The background job over many connections, of which a tenth is due, in two processes, against the limit that the
 * provider's latency sets: workers × slots ÷ latency.
 */
export const benchJob: Benchmark = async ({ isFull, note }) => {
  const size = isFull ? SIZES.full : SIZES.small
  const database = await benchDatabase()
  const provider = await startProvider(LATENCY_MS)
  const workers: WorkerProcess[] = []
  try {
    note('%d connections, %d of them due', size.due + size.others, size.due)
    await onClient(database.url, async (client) => {
      await seedConnections(client, {
        cipher: benchCipher(),
        tenants: benchTenants(size.due),
        provider: 'google_ads',
        clientId: BENCH_CLIENT_ID,
        remainingMs: 600_000,
        refreshToken: (tenantId) => `1//${tenantId}${'r'.repeat(80)}`,
      })
      await seedBystanders(client, 'google_ads', size.others)
      await client.query('VACUUM ANALYZE')
      await client.query('CHECKPOINT')
    })
    for (let index = 0; index < WORKERS; index += 1) {
      workers.push(await startWorker(database.url, provider.url))
    }
    note('%d workers × %d slots, the provider takes %d ms', WORKERS, SLOTS, LATENCY_MS)
    const startedAt = performance.now()
    const done = await Promise.all(
      workers.map((worker) => worker.run<JobResult>({ kind: 'job', concurrency: SLOTS })),
    )
    const seconds = (performance.now() - startedAt) / 1_000
    return toResults(size.due, seconds, done, await provider.counts())
  } finally {
    for (const worker of workers) worker.stop()
    provider.stop()
    await database.stop()
  }
}

function toResults(
  due: number,
  seconds: number,
  done: readonly JobResult[],
  counts: ProviderCounts,
): readonly Result[] {
  const sum = (of: (result: JobResult) => number): number => done.reduce((total, one) => total + of(one), 0)
  const refreshed = sum((one) => one.refreshed)
  const limit = (WORKERS * SLOTS * 1_000) / LATENCY_MS
  const [skipped, failed] = [sum((one) => one.skipped), sum((one) => one.failed)]
  return [
    {
      name: 'job',
      ratio: refreshed / seconds / limit,
      target: { atLeast: 0.55 },
      detail: `${refreshed} refreshed, ${skipped} skipped, ${failed} failed in ${seconds.toFixed(1)} s`,
    },
    {
      name: 'job rss',
      ratio: Math.max(...done.map((one) => one.peakRssMb)),
      target: { atMost: 150 },
      detail: 'MB at most, of the larger worker',
    },
    {
      name: 'job requests a connection',
      // Both ends: none asked for twice, none left out.
      ratio: counts.credentials === due && counts.maxOfOne === 1 ? counts.requests / due : Infinity,
      target: { atMost: 1 },
      detail: `${counts.requests} requests with ${counts.credentials} credentials, at most ${counts.maxOfOne} with one`,
    },
  ]
}
