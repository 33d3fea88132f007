import type { Clock } from '../../ports/clock.ts'

interface Sealing {
  readonly id: string
  readonly servesUntil: number
  values: number
}

/** The key that seals for each partition, as this process knows it, and how many values it has sealed here. */
export class SealingKeys {
  readonly #clock: Clock
  readonly #maxValues: number
  readonly #byPartition = new Map<string, Sealing>()

  constructor(clock: Clock, maxValues: number) {
    this.#clock = clock
    this.#maxValues = maxValues
  }

  serve(partition: string, id: string, forMs: number): void {
    const known = this.#byPartition.get(partition)
    const values = known?.id === id ? known.values : 0
    this.#byPartition.set(partition, { id, servesUntil: this.#clock.monotonicMs() + forMs, values })
  }

  /** The id of the key that may seal one more value. */
  serving(partition: string): string | undefined {
    const sealing = this.#byPartition.get(partition)
    if (sealing === undefined || sealing.values >= this.#maxValues) return undefined
    return this.#clock.monotonicMs() < sealing.servesUntil ? sealing.id : undefined
  }

  count(partition: string): void {
    const sealing = this.#byPartition.get(partition)
    if (sealing !== undefined) sealing.values += 1
  }

  /** The key that sealed until now, also one whose time or number of values is up. */
  last(partition: string): { readonly id: string; readonly isSpent: boolean } | undefined {
    const sealing = this.#byPartition.get(partition)
    return sealing && { id: sealing.id, isSpent: sealing.values >= this.#maxValues }
  }

  /** The key seals no more. */
  stop(id: string): void {
    for (const [partition, sealing] of this.#byPartition)
      if (sealing.id === id) this.#byPartition.delete(partition)
  }
}
