import { IDS } from '../application/container/identifiers.ts'
import { RefreshRunner } from '../application/refresh-runner.ts'
import type { RefreshDueOptions, RefreshDueResult } from '../application/use-cases/refresh-due-connections.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { givenObject } from '../domain/model/given-object.ts'
import { MINUTE_MS, SECOND_MS } from '../domain/model/time.ts'
import { defaultContainer, service } from './default-container.ts'

/** For a scheduler that wants to be told when: every five minutes, in UTC. */
export const TOKEN_REFRESH_SCHEDULE = {
  id: 'integrations-refresh-expiring-tokens',
  cron: '*/5 * * * *',
  description: 'Refreshes tokens that near their end and verifies those without one',
} as const

/**
 * The background job, for any queue or cron: run it on as many workers as there are, at once if need be. One failing
 * connection stops nothing.
 * @throws store_unavailable when nothing can be claimed, config_invalid
 */
export const refreshExpiringTokensJob = {
  name: TOKEN_REFRESH_SCHEDULE.id,
  schedule: TOKEN_REFRESH_SCHEDULE,
  retry: { attempts: 3, backoffMs: 30_000 },
  handler: async (options: RefreshDueOptions = {}): Promise<RefreshDueResult> =>
    (await service(IDS.RefreshDueConnections)).run(givenObject('options', options)),
} as const

/** How often the job runs in this process. */
export interface TokenRefreshOptions {
  /** Milliseconds from the end of one run to the next, give or take a fifth: 1,000 or more, 300,000 by default. */
  readonly everyMs?: number
}

/**
 * Runs the job in this process: within half a minute for the first time (within `everyMs` where that is less), then again
 * and again, each time a little earlier or later than others do. It does not keep the process alive. `stop` resolves
 * when a run under way has ended; a run that fails is logged, and the next one comes half a minute later.
 * @throws config_invalid
 */
export async function startTokenRefresh(
  options: TokenRefreshOptions = {},
): Promise<{ stop(): Promise<void> }> {
  const { everyMs = 5 * MINUTE_MS } = givenObject('options', options)
  if (!Number.isFinite(everyMs) || everyMs < SECOND_MS)
    throw new ConfigInvalidError(['everyMs: must be 1,000 milliseconds or more'])
  const container = await defaultContainer()
  const runner = new RefreshRunner({
    job: container.get(IDS.RefreshDueConnections),
    clock: container.get(IDS.Clock),
    random: container.get(IDS.RandomSource),
    logger: container.get(IDS.Logger),
    everyMs,
  })
  runner.start()
  container.get(IDS.Shutdown).onClose(() => runner.stop())
  return runner
}
