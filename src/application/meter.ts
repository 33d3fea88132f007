import { isIntegrationError } from '../domain/errors.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { ProviderFailure } from '../domain/provider-failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Measurement, Measurements, TimedWork } from '../ports/measurements.ts'

/** Times work and counts what came of it, where a host measures; costs next to nothing where none does. */
export class Meter {
  readonly #clock: Clock
  readonly #measurements: Measurements | undefined

  constructor(dependencies: { readonly clock: Clock; readonly measurements?: Measurements | undefined }) {
    this.#clock = dependencies.clock
    this.#measurements = dependencies.measurements
  }

  time<T>(name: TimedWork, provider: ProviderName | undefined, work: () => Promise<T>): Promise<T> {
    return this.#measurements === undefined ? work() : this.#timed({ name, provider }, work)
  }

  count(measurement: Omit<Measurement, 'durationMs'>): void {
    this.#record(measurement)
  }

  async #timed<T>(
    { name, provider }: { readonly name: TimedWork; readonly provider: ProviderName | undefined },
    work: () => Promise<T>,
  ): Promise<T> {
    const startedAt = this.#clock.monotonicMs()
    const of = provider === undefined ? {} : { provider }
    const took = (): number => this.#clock.monotonicMs() - startedAt
    try {
      const result = await work()
      this.#record({ name, ...of, outcome: 'ok', durationMs: took() })
      return result
    } catch (error) {
      this.#record({ name, ...of, outcome: 'failed', class: classOf(error), durationMs: took() })
      throw error
    }
  }

  #record(measurement: Measurement): void {
    try {
      this.#measurements?.record(measurement)
    } catch {
      // Who watches changes nothing about what is watched.
    }
  }
}

/** How a failure is counted: never by its text. */
export function classOf(error: unknown): string {
  if (error instanceof ProviderFailure) return error.kind
  return isIntegrationError(error) ? error.code : 'unexpected'
}
