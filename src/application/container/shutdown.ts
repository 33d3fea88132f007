import type { Clock } from '../../ports/clock.ts'
import type { BackgroundWork } from '../background-work.ts'

const DRAIN_LIMIT_MS = 90_000

/**
 * Ends a container: waits for refreshes under way, so that nothing a provider issued is lost, then lets go of what the
 * container itself opened. No signal handler calls it; the host does.
 */
export class Shutdown {
  readonly #clock: Clock
  readonly #background: BackgroundWork
  readonly #closers: (() => Promise<void>)[] = []
  #closing: Promise<void> | undefined

  constructor(dependencies: { readonly clock: Clock; readonly background: BackgroundWork }) {
    this.#clock = dependencies.clock
    this.#background = dependencies.background
  }

  /** What was opened first is closed last. */
  onClose(close: () => Promise<void>): void {
    this.#closers.unshift(close)
  }

  /** Resolves when everything has ended, or after 90 seconds with what is then still under way; every call is the same one. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#background.close()
    const isDrained = await this.#background.drain(this.#clock, DRAIN_LIMIT_MS)
    // What is still under way may hold the only live token of a grant: it keeps what it needs to store it.
    if (!isDrained) return
    for (const close of this.#closers) await close()
  }
}
