import type { ConnectionEvent, ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'
import type { Meter } from './meter.ts'

/** The host’s listener. Nobody waits for what it returns; that it threw is logged. */
export type ConnectionEventListener = (event: ConnectionEvent) => unknown

/** Hands each event to the host's listener, and counts it; one that throws, rejects or hangs changes nothing. */
export class EventListeners implements ConnectionEvents {
  readonly #listener: ConnectionEventListener | undefined
  readonly #logger: Logger
  readonly #meter: Meter

  constructor(dependencies: {
    readonly listener?: ConnectionEventListener | undefined
    readonly logger: Logger
    readonly meter: Meter
  }) {
    this.#listener = dependencies.listener
    this.#meter = dependencies.meter
    this.#logger = dependencies.logger
  }

  emit(event: ConnectionEvent): void {
    const { type, provider, reason } = event
    this.#meter.count({
      name: type,
      ...(provider === undefined ? {} : { provider }),
      ...(reason === undefined ? {} : { class: reason }),
    })
    this.#deliver(event).catch(() => undefined)
  }

  async #deliver(event: ConnectionEvent): Promise<void> {
    try {
      await this.#listener?.(event)
    } catch {
      this.#logger.log('warn', 'A connection event listener failed', { type: event.type })
    }
  }
}
