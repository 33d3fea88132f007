/** What is run: `refreshExpiringTokensJob` is such a job, and so is one over a container of the host's own. */
export interface RefreshJob {
  readonly name: string
  readonly schedule: { readonly cron: string }
  readonly retry: { readonly attempts: number; readonly backoffMs: number }
  readonly handler: (options: { readonly isStopping: () => boolean }) => Promise<RefreshCounts>
}

/** What a run did; kept in Redis as the run’s result. */
export interface RefreshCounts {
  readonly total: number
  readonly refreshed: number
  readonly skipped: number
  readonly failed: number
}

/** Where the queue is. Worker and schedule must agree on all of it. */
export interface RefreshQueueOptions {
  /** Options of an ioredis connection, or a client (of a Cluster too) with `maxRetriesPerRequest: null`; it stays open. */
  readonly connection: object
  /** Begins every key; in braces, so that a Redis Cluster keeps the queue on one node. */
  readonly prefix?: string | undefined
  readonly queueName?: string | undefined
}

/** BullMQ refuses a colon in a queue's name. */
const QUEUE_NAME = 'integrations-refresh'
const PREFIX = '{integrations}'

export function whereOf({ connection, prefix = PREFIX, queueName = QUEUE_NAME }: RefreshQueueOptions): {
  readonly queueName: string
  readonly options: { readonly connection: object; readonly prefix: string }
} {
  return { queueName, options: { connection, prefix } }
}
