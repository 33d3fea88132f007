export type { RefreshCounts, RefreshJob, RefreshQueueOptions } from './refresh-job.ts'
export { createRefreshWorker } from './refresh-worker.ts'
export type { RefreshWorker, RefreshWorkerOptions } from './refresh-worker.ts'
export { scheduleRefresh, unscheduleRefresh } from './schedule-refresh.ts'
