import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'

/** Longer timers overflow and fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The clocks and timers of this process. */
export class SystemClock implements Clock {
  now(): Instant {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  async delay(ms: number): Promise<void> {
    let left = ms
    while (left > LONGEST_TIMER_MS) {
      await timer(LONGEST_TIMER_MS)
      left -= LONGEST_TIMER_MS
    }
    await timer(left)
  }
}

async function timer(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
