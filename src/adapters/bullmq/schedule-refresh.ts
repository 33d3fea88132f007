import type { Queue } from 'bullmq'
import { loadBullMq } from './load-bullmq.ts'
import { whereOf } from './refresh-job.ts'
import type { RefreshJob, RefreshQueueOptions } from './refresh-job.ts'

const KEPT_RUNS = 100

/** Has the job run at the times of its schedule, in UTC. Call it wherever and as often as you like: there is one schedule. */
export async function scheduleRefresh(job: RefreshJob, options: RefreshQueueOptions): Promise<void> {
  await withQueue(options, (queue) =>
    queue.upsertJobScheduler(
      job.name,
      { pattern: job.schedule.cron, tz: 'UTC' },
      {
        name: job.name,
        opts: {
          attempts: job.retry.attempts,
          backoff: { type: 'exponential', delay: job.retry.backoffMs },
          removeOnComplete: KEPT_RUNS,
          removeOnFail: KEPT_RUNS,
        },
      },
    ),
  )
}

/** Ends the schedule; a run under way goes on. */
export async function unscheduleRefresh(job: RefreshJob, options: RefreshQueueOptions): Promise<void> {
  await withQueue(options, (queue) => queue.removeJobScheduler(job.name))
}

async function withQueue(where: RefreshQueueOptions, use: (queue: Queue) => Promise<unknown>): Promise<void> {
  const bull = await loadBullMq()
  const { queueName, options } = whereOf(where)
  const queue = new bull.Queue(queueName, options)
  try {
    await use(queue)
  } finally {
    await queue.close()
  }
}
