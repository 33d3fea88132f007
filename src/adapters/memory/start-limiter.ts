import { startWindows } from '../../domain/model/start-limits.ts'
import type { StartLimits, StartWindow } from '../../domain/model/start-limits.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { dropEnded } from './ended-entries.ts'

interface Counter {
  readonly count: number
  readonly endsAt: Instant
}

/** Counts the starts of one process; several processes allow as many times as much. */
export class MemoryStartLimiter implements StartLimiter {
  readonly #clock: Clock
  readonly #counters: readonly { readonly window: StartWindow; readonly counts: Map<string, Counter> }[]

  constructor(options: { readonly clock: Clock; readonly limits?: Partial<StartLimits> | undefined }) {
    this.#clock = options.clock
    this.#counters = startWindows(options.limits).map((window) => ({ window, counts: new Map() }))
  }

  async admit({ tenantId, initiatorHash }: StartRequest): Promise<Admission> {
    const now = this.#clock.now()
    const asked = this.#counters.flatMap(({ window, counts }) => {
      dropEnded(counts, now)
      if (window.of === 'initiator' && initiatorHash === undefined) return []
      const key = JSON.stringify(window.of === 'initiator' ? [tenantId, initiatorHash] : [tenantId])
      const counter = counts.get(key) ?? { count: 0, endsAt: now + window.lengthMs }
      return [{ window, counts, key, counter }]
    })
    const full = asked.find(({ window, counter }) => counter.count >= window.most)
    if (full !== undefined) return { admitted: false, retryAfterMs: full.counter.endsAt - now }
    for (const { counts, key, counter } of asked) counts.set(key, { ...counter, count: counter.count + 1 })
    return { admitted: true }
  }
}
