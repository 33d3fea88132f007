import { IDS } from '../application/container/identifiers.ts'
import { RefreshRunner } from '../application/refresh-runner.ts'
import type { RefreshDueOptions, RefreshDueResult } from '../application/use-cases/refresh-due-connections.ts'
import { MINUTE_MS } from '../domain/model/time.ts'
import { defaultContainer, service } from './default-container.ts'

/** For a scheduler that wants to be told when: every five minutes, in UTC. */
export const TOKEN_REFRESH_SCHEDULE = {
  id: 'integrations-refresh-expiring-tokens',
  cron: '*/5 * * * *',
  description: 'Refreshes tokens that near their end and verifies those without one',
} as const

/**
 * The background job, for any queue or cron: run it on as many workers as there are, at once if need be. One failing
 * connection stops nothing; the run rejects only when the store cannot be reached.
 */
export const refreshExpiringTokensJob = {
  name: TOKEN_REFRESH_SCHEDULE.id,
  schedule: TOKEN_REFRESH_SCHEDULE,
  retry: { attempts: 3, backoffMs: 30_000 },
  handler: async (options: RefreshDueOptions = {}): Promise<RefreshDueResult> =>
    (await service(IDS.RefreshDueConnections)).run(options),
} as const

/**
 * Runs the job in this process, every five minutes by default, each time a little earlier or later than others do, and half a
 * minute after a run that failed.
 * `stop` resolves when a run under way has ended.
 */
export async function startTokenRefresh(
  options: { readonly everyMs?: number } = {},
): Promise<{ stop(): Promise<void> }> {
  const container = await defaultContainer()
  const runner = new RefreshRunner({
    job: container.get(IDS.RefreshDueConnections),
    clock: container.get(IDS.Clock),
    random: container.get(IDS.RandomSource),
    logger: container.get(IDS.Logger),
    everyMs: options.everyMs ?? 5 * MINUTE_MS,
  })
  runner.start()
  container.get(IDS.Shutdown).onClose(() => runner.stop())
  return runner
}
