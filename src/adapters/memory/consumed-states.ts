import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConsumedStates } from '../../ports/consumed-states.ts'
import type { StateKey } from '../../ports/state-store.ts'
import { dropEnded } from './ended-entries.ts'

/** Consumed states in the memory of one process, for tests: what it records does not outlive the process. */
export class MemoryConsumedStates implements ConsumedStates {
  readonly #clock: Clock
  readonly #consumed = new Map<StateKey, { readonly endsAt: Instant }>()

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock
  }

  async record(key: StateKey, keepMs: number): Promise<boolean> {
    const now = this.#clock.now()
    dropEnded(this.#consumed, now)
    if (this.#consumed.has(key)) return false
    this.#consumed.set(key, { endsAt: now + keepMs })
    return true
  }
}
