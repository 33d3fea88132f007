import { SECOND_MS } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { RandomSource } from '../ports/random-source.ts'
import { classOf } from './meter.ts'
import type { RefreshDueConnections } from './use-cases/refresh-due-connections.ts'

export interface RefreshRunnerDependencies {
  readonly job: Pick<RefreshDueConnections, 'run'>
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  /** From the end of one run to the next, give or take a fifth; the first comes within 30 seconds, or within `everyMs`. */
  readonly everyMs: number
}

const FIRST_WITHIN_MS = 30 * SECOND_MS
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
    // A process that does not live long has its run too, and those that start together do not ask together.
    let waitMs = Math.min(everyMs, FIRST_WITHIN_MS) * random.fraction()
    while (!this.#isStopping) {
      await clock.backgroundDelay(waitMs)
      const run = this.#runOnce()
      this.#running = run
      const nextMs = (await run) ? everyMs : Math.min(everyMs, AFTER_FAILURE_MS)
      waitMs = nextMs * (0.8 + random.fraction() * 0.4)
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
      logger.log('warn', 'The refresh run was ended early', { code: classOf(error) })
      return false
    }
  }
}
