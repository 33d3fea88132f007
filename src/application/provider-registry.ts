import { ConfigInvalidError } from '../domain/errors.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { isOAuthClient } from '../ports/provider-client.ts'
import type { OAuthProviderClient, ProviderClient } from '../ports/provider-client.ts'

/** Why a provider that the library knows cannot be used as things are: what its configuration lacks. */
export type MissingProviders = ReadonlyMap<ProviderName, readonly string[]>

/** The configured platforms by name. */
export class ProviderRegistry {
  readonly #clients: ReadonlyMap<ProviderName, ProviderClient>
  readonly #missing: MissingProviders

  /** @throws ConfigInvalidError when two providers share a name or a redirect URI (RFC 9700 §4.4.2) */
  constructor(clients: readonly ProviderClient[], missing: MissingProviders = new Map()) {
    refuseTwins(clients)
    this.#clients = new Map(clients.map((client) => [client.traits.provider, client]))
    this.#missing = missing
  }

  names(): readonly ProviderName[] {
    return [...this.#clients.keys()]
  }

  /** @throws ConfigInvalidError naming everything that is missing, or that there is no such provider */
  get(provider: ProviderName): ProviderClient {
    const client = this.#clients.get(provider)
    if (client !== undefined) return client
    const lacking = this.#missing.get(provider)
    throw new ConfigInvalidError(lacking ?? ['provider: no provider of this name is configured'])
  }

  /** Whether the library knows the provider, configured or not. @throws ConfigInvalidError when it does not */
  mustKnow(provider: ProviderName): void {
    if (!this.#missing.has(provider)) this.get(provider)
  }

  /** @throws ConfigInvalidError also when the provider is not connected by OAuth */
  oauth(provider: ProviderName): OAuthProviderClient {
    const client = this.get(provider)
    if (isOAuthClient(client)) return client
    throw new ConfigInvalidError([`provider: ${client.traits.displayName} is connected with an API key`])
  }
}

/** @throws ConfigInvalidError naming every name and every redirect URI that two providers share */
export function refuseTwins(clients: readonly ProviderClient[]): void {
  const names = clients.map((client) => client.traits.provider)
  const redirectUris = clients.flatMap((client) =>
    isOAuthClient(client) ? [client.authorization.redirectUri] : [],
  )
  const problems = [
    ...repeated(names).map((name) => `provider ${name}: configured twice`),
    ...repeated(redirectUris).map((uri) => `redirect URI ${uri}: every provider needs one of its own`),
  ]
  if (problems.length > 0) throw new ConfigInvalidError(problems)
}

function repeated(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))]
}
