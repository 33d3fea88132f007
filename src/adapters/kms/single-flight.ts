/** Concurrent calls under one name share one piece of work. */
export class SingleFlight<Result> {
  readonly #underWay = new Map<string, Promise<Result>>()

  run(name: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(name)
    if (known !== undefined) return known
    const started = work().finally(() => {
      this.#underWay.delete(name)
    })
    this.#underWay.set(name, started)
    return started
  }
}
