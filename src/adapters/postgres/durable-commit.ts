/**
 * Makes the transaction's commit wait for the disk. The setting is the transaction's own and is looked at when it commits:
 * a database that by default answers before it has written would forget in a crash what it had confirmed.
 */
export const COMMIT_DURABLY = `set_config('synchronous_commit',
  CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
    ELSE current_setting('synchronous_commit') END, true)`
