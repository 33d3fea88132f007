import type { Background } from '../ports/background.ts'
import type { Clock } from '../ports/clock.ts'

/** Remembers what is still under way, so that a process can wait for it before it ends. */
export class BackgroundWork implements Background {
  readonly #running = new Set<Promise<unknown>>()
  readonly #waitUntil: ((work: Promise<unknown>) => void) | undefined

  /** `waitUntil`: how a host that freezes after its response (serverless) is asked to stay awake. */
  constructor(waitUntil?: (work: Promise<unknown>) => void) {
    this.#waitUntil = waitUntil
  }

  keep(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work.then(
      () => undefined,
      () => undefined,
    )
    this.#running.add(settled)
    void settled.then(() => this.#running.delete(settled))
    this.#waitUntil?.(settled)
  }

  /** Resolves when nothing is under way any more, or after `limitMs`: `true` when all of it came to its end. */
  async drain(clock: Clock, limitMs: number): Promise<boolean> {
    const timeout = clock.delay(limitMs).then(() => 'timeout' as const)
    while (this.#running.size > 0) {
      const all = Promise.all(this.#running).then(() => 'done' as const)
      if ((await Promise.race([all, timeout])) === 'timeout') return false
    }
    return true
  }
}
