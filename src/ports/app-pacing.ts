import type { Moment } from './clock.ts'
import type { AppPause, ProviderApp, Suspension } from './provider-apps.ts'

/** What a provider said to this process; `forMs` is `undefined` where it did not say for how long. */
export interface SaidSuspension {
  readonly reason: Suspension['reason']
  readonly forMs: number | undefined
}

/**
 * When something may be asked of a provider app, as one process knows it and as all processes share it. Nothing that it
 * says ever changes a connection.
 */
export interface AppPacing {
  /** The suspension that this process knows of; costs nothing. */
  knownPause(app: ProviderApp): AppPause | undefined

  /** The same, asked of the store where this process knows of none. */
  pauseOf(app: ProviderApp): Promise<AppPause | undefined>

  /** Resolves when a request may be sent, or with why it may not; `asOf`: when the store last said. */
  turn(app: ProviderApp, asOf: Moment, maxWaitMs: number): Promise<AppPause | undefined>

  /** Notes what the provider said to this process, for all processes. */
  suspend(app: ProviderApp, said: SaidSuspension): Promise<void>

  /** Notes what the store said: another process may have been told. */
  learn(app: ProviderApp, pause: AppPause): void
}
