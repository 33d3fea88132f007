import type { TokenLifecycleService } from '../../domain/services/token-lifecycle-service.ts'
import { connectionKeyText } from '../../domain/model/identifiers.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { Secret } from '../../domain/model/secret.ts'
import type { Background } from '../../ports/background.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import type { ProviderRegistry } from '../provider-registry.ts'
import { SingleFlight } from '../single-flight.ts'

export interface AccessTokensDependencies {
  readonly lifecycle: TokenLifecycleService
  readonly providers: ProviderRegistry
  readonly background: Background
}

/** Tokens that work, for whoever asks in this process: one refresh of a connection at a time. */
export class AccessTokens {
  readonly #deps: AccessTokensDependencies
  readonly #refreshes = new SingleFlight<Secret>()

  constructor(dependencies: AccessTokensDependencies) {
    this.#deps = dependencies
  }

  /**
   * A fresh token at once; one that nears its end at once too, refreshed behind the caller; an expired one after its
   * refresh. An expired token is never given.
   * @throws NotConnectedError, ReauthorizationRequiredError, RefreshPendingError, ProviderUnavailableError,
   * RateLimitedError, ProviderMisconfiguredError, StoreUnavailableError, and the errors of the Cipher
   */
  async get(key: ConnectionKey): Promise<Secret> {
    const { background, lifecycle, providers } = this.#deps
    const client = providers.get(key.provider)
    const { reading, freshness } = await lifecycle.read(client, key)
    if (freshness === 'expired') return this.#renew(key, reading)
    if (freshness === 'ahead' && reading.leaseMs === 0 && reading.nextAttemptMs === 0) {
      background.keep(this.#renew(key, reading))
    }
    return lifecycle.open(key, reading)
  }

  /** Renews (or verifies, where nothing can be renewed) now, however fresh the token is. Throws like `get`. */
  async refresh(key: ConnectionKey): Promise<Secret> {
    const { lifecycle, providers } = this.#deps
    const { reading } = await lifecycle.read(providers.get(key.provider), key)
    return this.#renew(key, reading)
  }

  /** Asks the provider now whether the token lives and still may what its connection needs. Throws like `get`. */
  async verify(key: ConnectionKey): Promise<void> {
    const { lifecycle, providers } = this.#deps
    const { reading } = await lifecycle.read(providers.get(key.provider), key)
    await this.#renew(key, reading, 'verify')
  }

  /** Whether the token has expired or is inside its margin. Throws like `get`, but asks no provider. */
  async needsRefresh(key: ConnectionKey): Promise<boolean> {
    const { lifecycle, providers } = this.#deps
    const { freshness } = await lifecycle.read(providers.get(key.provider), key)
    return freshness !== 'fresh'
  }

  #renew(key: ConnectionKey, reading: TokenReading, work: 'renew' | 'verify' = 'renew'): Promise<Secret> {
    const { lifecycle, providers } = this.#deps
    const client = providers.get(key.provider)
    // Who saw another grant or a newer token than the one being renewed has nothing to gain from that.
    const flight = `${connectionKeyText(key)}:${reading.grantId}:${reading.tokenVersion}:${work}`
    return this.#refreshes.run(flight, () => lifecycle.renew(client, key, reading, work))
  }
}
