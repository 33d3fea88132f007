import type { Instant } from '../../domain/model/time.ts'
import type { Sealed } from '../../ports/cipher.ts'
import type { Clock } from '../../ports/clock.ts'
import { StateTakenError } from '../../ports/state-store.ts'
import type { StateKey, StateStore } from '../../ports/state-store.ts'
import { dropEnded } from './ended-entries.ts'

/** States in the memory of one process: a start that another process completes is unknown there. */
export class MemoryStateStore implements StateStore {
  readonly #clock: Clock
  readonly #states = new Map<StateKey, { readonly sealed: Sealed; readonly endsAt: Instant }>()

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock
  }

  async remember(key: StateKey, sealed: Sealed, ttlMs: number): Promise<void> {
    const now = this.#clock.now()
    dropEnded(this.#states, now)
    const kept = this.#states.get(key)
    if (kept !== undefined && kept.endsAt > now) throw new StateTakenError()
    this.#states.delete(key)
    this.#states.set(key, { sealed, endsAt: now + ttlMs })
  }

  async consume(key: StateKey): Promise<Sealed | undefined> {
    const kept = this.#states.get(key)
    this.#states.delete(key)
    return kept !== undefined && kept.endsAt > this.#clock.now() ? kept.sealed : undefined
  }
}
