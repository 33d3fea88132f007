import { SECOND_MS } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'

const MAX_FAILURES = 5
const OPEN_MS = 5 * SECOND_MS

/** Stops asking for five seconds after five failures in a row, then lets a single call find out. */
export class Breaker {
  readonly #clock: Clock
  #failures = 0
  #closedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a call may be made now; whoever is told so must note how it ended. */
  admits(): boolean {
    if (this.#failures < MAX_FAILURES) return true
    if (this.#clock.monotonicMs() < this.#closedAt) return false
    this.#closedAt = this.#clock.monotonicMs() + OPEN_MS
    return true
  }

  noteSuccess(): void {
    this.#failures = 0
  }

  noteFailure(): void {
    this.#failures += 1
    this.#closedAt = this.#clock.monotonicMs() + OPEN_MS
  }
}
