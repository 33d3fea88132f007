import type { Clock } from '../../ports/clock.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { DataKeyLimits } from './data-key-limits.ts'
import type { UnwrappedKey } from './unwrapped-key.ts'

interface Entry {
  readonly key: UnwrappedKey
  staleAt: number
  endsAt: number
}

export interface CacheDependencies {
  readonly clock: Clock
  readonly random: RandomSource
  readonly limits: DataKeyLimits
}

/** Unwrapped keys by id, each with two ages: stale, when it should be renewed, and ended, when it is gone. */
export class KeyCache {
  readonly #deps: CacheDependencies
  readonly #entries = new Map<string, Entry>()

  constructor(dependencies: CacheDependencies) {
    this.#deps = dependencies
  }

  get(id: string): { readonly key: UnwrappedKey; readonly isStale: boolean } | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const now = this.#deps.clock.monotonicMs()
    if (now < entry.endsAt) return { key: entry.key, isStale: now >= entry.staleAt }
    this.#entries.delete(id)
    return undefined
  }

  /** Keeps a key that was just unwrapped, or counts the kept one's ages anew. */
  renew(key: UnwrappedKey): UnwrappedKey {
    const kept = this.get(key.id)?.key ?? key
    const { clock, limits } = this.#deps
    const now = clock.monotonicMs()
    const entry = {
      key: kept,
      staleAt: now + this.#jittered(limits.softAgeMs),
      endsAt: now + this.#jittered(limits.hardAgeMs),
    }
    this.#entries.delete(key.id)
    this.#entries.set(key.id, entry)
    if (this.#entries.size > limits.maxKeys) this.#dropOldest()
    return kept
  }

  /** Puts the next renewal off, whether or not the present one succeeds. */
  postponeRenewal(id: string, ms: number): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.staleAt = this.#deps.clock.monotonicMs() + ms
  }

  drop(id: string): void {
    this.#entries.delete(id)
  }

  /** The ids of all keys that have not ended. */
  ids(): readonly string[] {
    return [...this.#entries.keys()].filter((id) => this.get(id) !== undefined)
  }

  #dropOldest(): void {
    for (const id of this.#entries.keys()) {
      this.#entries.delete(id)
      return
    }
  }

  /** Up to a tenth sooner or later, so that a fleet that started together does not ask together. */
  #jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.#deps.random.fraction())
  }
}
