import type { Instant } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'

interface Delay {
  readonly until: number
  readonly resolve: () => void
}

/** A clock that stands still until it is told to go on. */
export class FixedClock implements Clock {
  #now: Instant
  #monotonicMs = 0
  #delays: readonly Delay[] = []

  constructor(now: Instant = 1_767_225_600_000) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Resolves when the clock has been advanced that far; at once when there is nothing to wait for. */
  async delay(ms: number): Promise<void> {
    if (!(ms > 0)) return
    const until = this.#monotonicMs + ms
    await new Promise<void>((resolve) => {
      this.#delays = [...this.#delays, { until, resolve }]
    })
  }

  /** The same: nothing here keeps a process alive. */
  backgroundDelay(ms: number): Promise<void> {
    return this.delay(ms)
  }

  /** How many delays are waited for. */
  get pendingDelays(): number {
    return this.#delays.length
  }

  /**
   * Lets `ms` pass on both clocks. Delays end in their order, each at its own moment, and what waits for them runs as
   * far as it can before the clock goes on.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    await settled()
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      await this.#endDelay(next)
    }
    this.#move(end)
    await settled()
  }

  /** Sets the wall clock alone, as an operator or a time server does. */
  setNow(now: Instant): void {
    this.#now = now
  }

  #nextUntil(end: number): Delay | undefined {
    const due = this.#delays.filter((delay) => delay.until <= end)
    return due.reduce<Delay | undefined>(
      (first, delay) => (first === undefined || delay.until < first.until ? delay : first),
      undefined,
    )
  }

  async #endDelay(delay: Delay): Promise<void> {
    this.#move(delay.until)
    this.#delays = this.#delays.filter((other) => other !== delay)
    delay.resolve()
    await settled()
  }

  #move(monotonicMs: number): void {
    this.#now += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}

/** After every promise that is settled by now has run its reactions, and those theirs. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}
