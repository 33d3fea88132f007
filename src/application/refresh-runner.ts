import { SECOND_MS } from '../domain/model/time.ts'
import { errorCodeOf } from '../domain/services/public-errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { RandomSource } from '../ports/random-source.ts'
import type { RefreshDueConnections } from './use-cases/refresh-due-connections.ts'

export interface RefreshRunnerDependencies {
  readonly job: RefreshDueConnections
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly everyMs: number
}

/** What is due has waited for one run already. */
const AFTER_FAILURE_MS = 30 * SECOND_MS

/**
 * Runs the job again and again in one process, and about half a minute after a run that failed. Its timer does not keep the
 * process alive.
 */
export class RefreshRunner {
  readonly #deps: RefreshRunnerDependencies
  #isStopping = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(dependencies: RefreshRunnerDependencies) {
    this.#deps = dependencies
  }

  start(): void {
    void this.#loop()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  async #loop(): Promise<void> {
    const { clock, everyMs, random } = this.#deps
    let waitMs = everyMs
    while (!this.#isStopping) {
      const jitter = (random.bytes(1)[0] ?? 0) / 256
      await clock.delay(waitMs * (0.8 + jitter * 0.4))
      const run = this.#runOnce()
      this.#running = run
      waitMs = (await run) ? everyMs : Math.min(everyMs, AFTER_FAILURE_MS)
    }
  }

  /** Whether the run came to its end. */
  async #runOnce(): Promise<boolean> {
    if (this.#isStopping) return true
    const { job, logger } = this.#deps
    try {
      const { total, refreshed, skipped, failed } = await job.run({ isStopping: () => this.#isStopping })
      if (total > 0) logger.log('info', 'Refreshed what was due', { total, refreshed, skipped, failed })
      return true
    } catch (error) {
      logger.log('warn', 'The refresh run was ended early', { code: errorCodeOf(error) })
      return false
    }
  }
}
