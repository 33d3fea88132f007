import { startProvider, startWorker } from './child-process.ts'
import type { WorkerProcess } from './child-process.ts'
import { BENCH_CLIENT_ID } from './container.ts'
import { benchDatabase, onClient, seedConnections } from './database.ts'
import { benchCipher, benchTenants } from './keys.ts'
import type { Benchmark } from './report.ts'
import { median } from './rounds.ts'

const PROCESSES = 4
const CALLERS = 500
const PROVIDER_MS = 200
const ROUNDS = 9

/** Everybody at once wants one expired token, in several processes: how often the provider is asked, and who waits longest. */
export const benchOneRefresh: Benchmark = async ({ note }) => {
  const database = await benchDatabase()
  const provider = await startProvider(PROVIDER_MS)
  const workers: WorkerProcess[] = []
  try {
    const tenants = benchTenants(ROUNDS)
    await onClient(database.url, (client) =>
      seedConnections(client, {
        cipher: benchCipher(),
        tenants,
        provider: 'google_ads',
        clientId: BENCH_CLIENT_ID,
        remainingMs: -60_000,
        refreshToken: (tenantId) => `1//${tenantId}`,
      }),
    )
    for (let index = 0; index < PROCESSES; index += 1) {
      workers.push(await startWorker(database.url, provider.url))
    }
    const late: number[] = []
    let different = 0
    for (const tenantId of tenants) {
      const startedAt = Date.now()
      const answers = await Promise.all(
        workers.map((worker) =>
          worker.run<{ tokens: string[]; lastAt: number }>({
            kind: 'ask',
            tenantId,
            callers: CALLERS / PROCESSES,
          }),
        ),
      )
      late.push(Math.max(...answers.map(({ lastAt }) => lastAt)) - startedAt - PROVIDER_MS)
      different = Math.max(different, new Set(answers.flatMap(({ tokens }) => tokens)).size)
      note('the last caller waited %d ms beyond the provider', late.at(-1))
    }
    const { maxOfOne } = await provider.counts()
    const name = 'one-refresh'
    return [
      {
        name: `${name} requests`,
        ratio: maxOfOne,
        target: { atMost: 1 },
        detail: `${CALLERS} callers in ${PROCESSES} processes had ${different} token`,
      },
      {
        name: `${name} beyond the provider`,
        ratio: median(late),
        target: { atMost: 100 },
        detail: `ms, median of ${ROUNDS}; at worst ${Math.max(...late)}; the provider takes ${PROVIDER_MS}`,
      },
    ]
  } finally {
    for (const worker of workers) worker.stop()
    provider.stop()
    await database.stop()
  }
}
