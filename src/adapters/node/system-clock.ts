import { setTimeout as pause } from 'node:timers/promises'
import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'

/** Longer timers overflow and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The clocks and timers of this process. */
export class SystemClock implements Clock {
  now(): Instant {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  async delay(ms: number): Promise<void> {
    for (const part of timersOf(ms)) await pause(part)
  }

  async backgroundDelay(ms: number): Promise<void> {
    for (const part of timersOf(ms)) await pause(part, undefined, { ref: false })
  }
}

function* timersOf(ms: number): Generator<number> {
  let left = ms
  for (; left > MAX_TIMER_MS; left -= MAX_TIMER_MS) yield MAX_TIMER_MS
  yield left
}
