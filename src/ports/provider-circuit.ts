import type { ProviderName } from '../domain/model/identifiers.ts'

/**
 * Whether a provider's refusals can be believed. It remembers within one process; nothing that it says ever changes a
 * connection.
 */
export interface ProviderCircuit {
  /** Notes how a request ended. `definitive`: the provider declared one credential dead. */
  note(provider: ProviderName, outcome: 'ok' | 'definitive'): void

  /**
   * Whether definitive answers may be believed now. When most connections of an app are declared dead within minutes,
   * it is the app or the provider that is broken, and nothing is marked.
   */
  mayCondemn(provider: ProviderName): boolean
}
