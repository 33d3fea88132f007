/** Joins concurrent calls for the same key into one: whoever comes while it runs gets its outcome. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>()

  run(key: string, start: () => Promise<T>): Promise<T> {
    const running = this.#flights.get(key)
    if (running !== undefined) return running
    const flight = start().finally(() => {
      this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    return flight
  }
}
