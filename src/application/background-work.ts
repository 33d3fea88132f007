import type { Background } from '../ports/background.ts'
import type { Clock } from '../ports/clock.ts'

const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Remembers what is still under way, so that a process can wait for it before it ends. Until then it keeps the process
 * from ending by itself: what is under way may be a token that only this process holds.
 */
export class BackgroundWork implements Background {
  readonly #running = new Set<Promise<unknown>>()
  readonly #waitUntil: ((work: Promise<unknown>) => void) | undefined
  #awake: ReturnType<typeof setInterval> | undefined
  #isClosing = false
  #isOver = false

  /** `waitUntil`: how a host that freezes after its response (serverless) is asked to stay awake. */
  constructor(waitUntil?: (work: Promise<unknown>) => void) {
    this.#waitUntil = waitUntil
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  get isOver(): boolean {
    return this.#isOver
  }

  close(): void {
    this.#isClosing = true
  }

  keep(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work.then(
      () => undefined,
      () => undefined,
    )
    this.#running.add(settled)
    this.#awake ??= setInterval(() => undefined, MAX_TIMER_MS)
    void settled.then(() => this.#forget(settled))
    try {
      this.#waitUntil?.(settled)
    } catch {
      // Hosts refuse it outside of a request; the work goes on without.
    }
  }

  /** Resolves when nothing is under way any more, or after `limitMs`: `true` when all of it came to its end. */
  async drain(clock: Clock, limitMs: number): Promise<boolean> {
    const timeout = clock.backgroundDelay(limitMs).then(() => 'timeout' as const)
    while (this.#running.size > 0) {
      const all = Promise.all(this.#running).then(() => 'done' as const)
      if ((await Promise.race([all, timeout])) === 'timeout') return false
    }
    this.#isOver = this.#isClosing
    return true
  }

  #forget(settled: Promise<unknown>): void {
    this.#running.delete(settled)
    if (this.#running.size > 0) return
    clearInterval(this.#awake)
    this.#awake = undefined
  }
}
