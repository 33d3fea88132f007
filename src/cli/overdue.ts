import { HOUR_MS } from '../domain/model/time.ts'

/** What has been due for so long, nobody refreshes: the job runs every five minutes, and a failure moves the due time. */
export const OVERDUE_MS = HOUR_MS
