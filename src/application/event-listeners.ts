import type { ConnectionEvent, ConnectionEvents } from '../ports/connection-events.ts'
import type { Logger } from '../ports/logger.ts'

export type ConnectionEventListener = (event: ConnectionEvent) => unknown

/** Hands each event to the host's listener; one that throws, rejects or hangs changes nothing. */
export class EventListeners implements ConnectionEvents {
  readonly #listener: ConnectionEventListener | undefined
  readonly #logger: Logger

  constructor(dependencies: {
    readonly listener?: ConnectionEventListener | undefined
    readonly logger: Logger
  }) {
    this.#listener = dependencies.listener
    this.#logger = dependencies.logger
  }

  emit(event: ConnectionEvent): void {
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
