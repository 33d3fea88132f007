import type { ProviderName } from '../domain/model/identifiers.ts'

/** Our app at a provider: what the provider says to one process that uses it concerns all. */
export interface ProviderApp {
  readonly provider: ProviderName
  readonly clientId: string
  /** How many requests all processes together may send in a second; absent: as many as they like. */
  readonly requestsPerSecond?: number | undefined
}

/** An app whose requests take turns. */
export interface BudgetedApp extends ProviderApp {
  readonly requestsPerSecond: number
}

/**
 * Why nothing of an app is to be asked now, and for how long. `rate_limited`: its provider asked it to wait.
 * `misconfigured`: its provider refused the app itself. `budget`: its next turn is too far off.
 */
export interface AppPause {
  readonly reason: 'rate_limited' | 'misconfigured' | 'budget'
  readonly forMs: number
}

/** What its provider said about an app. */
export interface Suspension extends AppPause {
  readonly reason: 'rate_limited' | 'misconfigured'
}

/**
 * What all processes know of provider apps, on the store's clock; it holds no secret and belongs to no tenant. Claims
 * consult it by themselves. Every adapter passes `providerAppsContract`.
 */
export interface ProviderApps {
  /** Suspends the app for all processes. A suspension that lasts longer stays as it is. */
  suspend(app: ProviderApp, suspension: Suspension): Promise<void>

  /** The suspension that runs, as far as it is not over. */
  suspensionOf(app: ProviderApp): Promise<AppPause | undefined>

  /**
   * Takes the next turn of an app with a budget and says how long to wait for it. Turns follow each other at the app's
   * rate, whoever takes them. None is taken while the app is suspended, or when it would be more than `maxWaitMs` away.
   */
  takeTurn(app: BudgetedApp, maxWaitMs: number): Promise<{ readonly waitMs: number } | AppPause>
}
