interface Entry<Value> {
  readonly value: Value
  isUsed: boolean
}

/**
 * Keeps at most `limit` values. The one kept longest goes first, unless it was used since it last could have gone: then it
 * gets a second chance. A hit is one look into a map, and nothing moves; one `set` among as many hits as there are values goes
 * through all of them.
 */
export class BoundedCache<Value> {
  readonly #limit: number
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.isUsed = true
    return entry.value
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#limit) this.#removeOne()
    this.#entries.set(key, { value, isUsed: false })
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** In the order of insertion; who has a second chance goes to the end, so the loop ends when all have had theirs. */
  #removeOne(): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key)
      if (!entry.isUsed) return
      entry.isUsed = false
      this.#entries.set(key, entry)
    }
  }
}
