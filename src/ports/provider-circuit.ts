import type { ProviderName } from '../domain/model/identifiers.ts'

/**
 * What all connections of one provider app have in common: whether it is any use to ask at all. It remembers within
 * one process; nothing that it says ever changes a connection.
 */
export interface ProviderCircuit {
  /**
   * Milliseconds for which nothing should be asked of the provider, because it refused this app (`misconfigured`) or
   * asked all of it to wait (`rate_limited`); `undefined`: go on.
   */
  blocked(
    provider: ProviderName,
  ): { readonly reason: 'misconfigured' | 'rate_limited'; readonly forMs: number } | undefined

  /** Notes how a request ended. `definitive`: the provider declared one credential dead. */
  note(
    provider: ProviderName,
    outcome: 'ok' | 'definitive' | 'misconfigured' | { readonly rateLimitedForMs: number },
  ): void

  /**
   * Whether definitive answers may be believed now. When most connections of an app are declared dead within minutes,
   * it is the app or the provider that is broken, and nothing is marked.
   */
  mayCondemn(provider: ProviderName): boolean
}
