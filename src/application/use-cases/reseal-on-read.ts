import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { Background } from '../../ports/background.ts'
import type { Logger } from '../../ports/logger.ts'
import type { SealedRowRef, SealedValues } from '../../ports/sealed-values.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import { SingleFlight } from '../../domain/model/single-flight.ts'
import { classOf } from '../meter.ts'
import { resealRow } from './reseal-row.ts'
import type { ResealDependencies } from './reseal-row.ts'

export interface ResealOnReadDependencies extends ResealDependencies {
  readonly sealedValues: SealedValues
  readonly background: Background
  readonly logger: Logger
}

/** Replaces what was stored in the format before this library's, behind the first who reads it. */
export class ResealOnRead {
  readonly #deps: ResealOnReadDependencies
  readonly #resealings = new SingleFlight<void>()

  constructor(dependencies: ResealOnReadDependencies) {
    this.#deps = dependencies
  }

  /** Once `opening` has succeeded. Whatever goes wrong is logged, and the next read tries again. */
  follow(opening: Promise<unknown>, { provider, tenantId }: ConnectionKey, reading: TokenReading): void {
    const { background, keys } = this.#deps
    const { accessToken, connectionId } = reading
    if (accessToken === undefined || !keys.isLegacy(accessToken)) return
    const row = { tenantId, provider, connectionId }
    background.keep(opening.then(() => this.#resealings.run(accessToken, () => this.#reseal(row))))
  }

  async #reseal(ref: SealedRowRef): Promise<void> {
    const { logger, sealedValues } = this.#deps
    try {
      const row = await sealedValues.read(ref)
      // Another process, a rotation or a refresh may have been here first.
      if (row?.secrets.accessToken === undefined || !this.#deps.keys.isLegacy(row.secrets.accessToken)) return
      const { secrets } = await resealRow(this.#deps, row)
      await sealedValues.replace([{ row, secrets }])
    } catch (error) {
      logger.log('warn', 'A value of the earlier format could not be sealed again', {
        code: classOf(error),
      })
    }
  }
}
