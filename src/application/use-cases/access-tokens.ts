import { TokenRejectedError } from '../../domain/errors.ts'
import type { TokenLifecycleService } from '../../domain/services/token-lifecycle-service.ts'
import { connectionKeyText } from '../../domain/model/identifiers.ts'
import type { ConnectionKey } from '../../domain/model/identifiers.ts'
import type { Secret } from '../../domain/model/secret.ts'
import { ProviderFailure } from '../../domain/provider-failure.ts'
import type { Background } from '../../ports/background.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { TokenReading, TokenStore } from '../../ports/token-store.ts'
import type { Meter } from '../meter.ts'
import type { ProviderRegistry } from '../provider-registry.ts'
import { SingleFlight } from '../../domain/model/single-flight.ts'
import type { ResealOnRead } from './reseal-on-read.ts'

export interface TokenRequest {
  readonly rejectedToken?: Secret | undefined
}

export interface AccessTokensDependencies {
  readonly lifecycle: TokenLifecycleService
  readonly tokens: TokenStore
  readonly providers: ProviderRegistry
  readonly background: Background
  readonly resealing: Pick<ResealOnRead, 'follow'>
  readonly meter: Meter
}

/** Tokens that work, for whoever asks in this process: one refresh of a connection at a time. */
export class AccessTokens {
  readonly #deps: AccessTokensDependencies
  readonly #refreshes = new SingleFlight<Secret>()
  readonly #replacements = new SingleFlight<Secret>()

  constructor(dependencies: AccessTokensDependencies) {
    this.#deps = dependencies
  }

  /**
   * A fresh token at once; one that nears its end at once too, refreshed behind the caller; an expired one after its
   * refresh. An expired token is never given. With a `rejectedToken`, one that the provider's API refused: if that is
   * still the current token it is renewed first, once for all who were refused (or verified, where nothing renews it).
   * @throws TokenRejectedError when the refused token was itself the renewal of a refused one;
   * NotConnectedError, ReauthorizationRequiredError, RefreshPendingError, ProviderUnavailableError,
   * RateLimitedError, ProviderMisconfiguredError, StoreUnavailableError, and the errors of the Cipher
   */
  async get(key: ConnectionKey, request: TokenRequest = {}): Promise<Secret> {
    const client = this.#deps.providers.get(key.provider)
    return this.#deps.meter.time('token.read', key.provider, () => this.#get(client, key, request))
  }

  /** Calls the provider with a token, and once more with the next where it is refused though it has not ended. */
  async use<T>(key: ConnectionKey, call: (token: Secret) => Promise<T>): Promise<T> {
    const token = await this.get(key)
    try {
      return await call(token)
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    const next = await this.get(key, { rejectedToken: token })
    try {
      return await call(next)
    } catch (error) {
      if (!isRefusal(error)) throw error
      throw this.#rejection(key)
    }
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

  async #get(client: ProviderClient, key: ConnectionKey, { rejectedToken }: TokenRequest): Promise<Secret> {
    const { background, lifecycle, resealing } = this.#deps
    const { reading, freshness } = await lifecycle.read(client, key)
    if (freshness === 'expired') return this.#renew(key, reading)
    if (freshness === 'ahead' && reading.leaseMs === 0 && reading.nextAttemptMs === 0) {
      background.keep(this.#renew(key, reading))
    }
    const opening = lifecycle.open(key, reading)
    resealing.follow(opening, key, reading)
    const token = await opening
    const isRefused = rejectedToken?.equals(token) ?? false
    return isRefused ? this.#replace(key, reading) : token
  }

  #replace(key: ConnectionKey, reading: TokenReading): Promise<Secret> {
    return this.#replacements.run(flightOf(key, reading), async () => {
      await this.#noteRejection(key, reading)
      return this.#renew(key, reading)
    })
  }

  /** Notes that the version is renewed because it was refused: of all processes, so that its successor is not. */
  async #noteRejection(key: ConnectionKey, { grantId, tokenVersion }: TokenReading): Promise<void> {
    const { tenantId, provider, label } = key
    for (;;) {
      const [connection] = await this.#deps.tokens.list(tenantId, { provider, label })
      if (connection?.grantId !== grantId || connection.tokenVersion !== tokenVersion) return
      if (connection.rejectedVersion === tokenVersion) return
      if (connection.rejectedVersion === tokenVersion - 1) throw this.#rejection(key)
      if (await this.#deps.tokens.change(connection, { rejectedVersion: tokenVersion })) return
    }
  }

  #rejection(key: ConnectionKey): TokenRejectedError {
    return new TokenRejectedError(this.#deps.providers.get(key.provider).traits.displayName)
  }

  #renew(key: ConnectionKey, reading: TokenReading, work: 'renew' | 'verify' = 'renew'): Promise<Secret> {
    const { lifecycle, providers } = this.#deps
    const client = providers.get(key.provider)
    const flight = `${flightOf(key, reading)}:${work}`
    return this.#refreshes.run(flight, () => lifecycle.renew(client, key, reading, work))
  }
}

/** Who saw another grant or a newer token than the one being renewed has nothing to gain from that. */
function flightOf(key: ConnectionKey, { grantId, tokenVersion }: TokenReading): string {
  return `${connectionKeyText(key)}:${grantId}:${tokenVersion}`
}

function isRefusal(error: unknown): boolean {
  return error instanceof ProviderFailure && error.kind === 'reauthorize'
}
