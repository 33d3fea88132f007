import type { Logger } from '../../ports/logger.ts'
import { loadBullMq } from './load-bullmq.ts'
import { whereOf } from './refresh-job.ts'
import type { RefreshCounts, RefreshJob, RefreshQueueOptions } from './refresh-job.ts'

/** Where the queue is, and where trouble is told. */
export interface RefreshWorkerOptions extends RefreshQueueOptions {
  /** Hears when Redis is lost or a run fails. */
  readonly logger?: Logger | undefined
}

/** A worker that listens. */
export interface RefreshWorker {
  /** Takes no further run, and resolves when the one under way has finished what it had begun. */
  stop(): Promise<void>
}

/**
 * Runs the job whenever the queue says so, one run at a time. Any number of processes may have such a worker: leases
 * keep their runs apart. Resolves once it listens.
 */
export async function createRefreshWorker(
  job: RefreshJob,
  { logger, ...queueOptions }: RefreshWorkerOptions,
): Promise<RefreshWorker> {
  const { Worker } = await loadBullMq()
  const { queueName, options } = whereOf(queueOptions)
  let isStopping = false
  const run = async (): Promise<RefreshCounts> => {
    // Only the counts: BullMQ keeps the result in Redis.
    const { total, refreshed, skipped, failed } = await job.handler({ isStopping: () => isStopping })
    return { total, refreshed, skipped, failed }
  }
  const worker = new Worker(queueName, run, options)
  worker.on('error', (error) =>
    logger?.log('warn', 'The refresh queue has a problem', { code: nameOf(error) }),
  )
  worker.on('failed', (_job, error) =>
    logger?.log('warn', 'A run of the refresh queue failed', { code: nameOf(error) }),
  )
  await worker.waitUntilReady()
  return {
    stop: async () => {
      isStopping = true
      await worker.close()
    },
  }
}

/** Messages of drivers may repeat parameters of a connection. */
function nameOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
