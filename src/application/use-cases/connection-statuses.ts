import { isLive, needsAttention } from '../../domain/model/connection.ts'
import type { Connection, ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import { DEFAULT_LABEL, INTEGRATION_PROVIDERS } from '../../domain/model/identifiers.ts'
import type { ConnectionLabel, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { TokenStore } from '../../ports/token-store.ts'
import type { ProviderRegistry } from '../provider-registry.ts'

/** How a tenant's connection to one provider stands; computed from its row, nothing secret in it. */
export interface ConnectionState {
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  /** Tokens are being served. */
  readonly connected: boolean
  readonly status: ConnectionStatus | 'not_connected'
  readonly accountName: string | null
  readonly tokenExpiresAt: Instant | null
  readonly needsReauth: boolean
  readonly reauthReason: ReauthReason | null
  /** Code of the last failure since tokens were last stored or verified. */
  readonly lastError: string | null
  readonly lastSyncAt: Instant | null
}

/** Answers for one tenant with one query. */
export class ConnectionStatuses {
  readonly #tokens: TokenStore
  readonly #providers: ProviderRegistry

  constructor(dependencies: { readonly tokens: TokenStore; readonly providers: ProviderRegistry }) {
    this.#tokens = dependencies.tokens
    this.#providers = dependencies.providers
  }

  /**
   * One under the default label for each of the four platforms and each further one that is configured, connected or not; then
   * every other connection.
   */
  async all(tenantId: TenantId): Promise<readonly ConnectionState[]> {
    const connections = await this.#tokens.list(tenantId)
    const platforms = new Set<ProviderName>([...INTEGRATION_PROVIDERS, ...this.#providers.names()])
    const defaults = [...platforms].map((provider) =>
      stateOf(provider, DEFAULT_LABEL, connections.find(isOf(provider, DEFAULT_LABEL))),
    )
    const others = connections.filter(
      (connection) => !defaults.some((state) => isOf(state.provider, state.label)(connection)),
    )
    return [...defaults, ...others.map((other) => stateOf(other.provider, other.label, other))]
  }

  /** How the connection stands; `not_connected` when there is none. */
  async one(tenantId: TenantId, provider: ProviderName, label: ConnectionLabel): Promise<ConnectionState> {
    const [connection] = await this.#tokens.list(tenantId, { provider, label })
    return stateOf(provider, label, connection)
  }

  /** Whether a person should look: something needs to be connected again, chosen, or keeps failing. */
  async hasIssues(tenantId: TenantId): Promise<boolean> {
    const states = await this.all(tenantId)
    return states.some(({ status, lastError }) => needsAttention(status, lastError !== null))
  }
}

function isOf(provider: ProviderName, label: ConnectionLabel): (connection: Connection) => boolean {
  return (connection) => connection.provider === provider && connection.label === label
}

function stateOf(
  provider: ProviderName,
  label: ConnectionLabel,
  connection: Connection | undefined,
): ConnectionState {
  const status = connection?.status ?? 'not_connected'
  const isServed = connection !== undefined && isLive(connection.status)
  return {
    provider,
    label,
    connected: isServed,
    status,
    accountName: connection?.selectedAccountName ?? connection?.subject?.name ?? null,
    tokenExpiresAt: isServed ? connection.tokenExpiresAt : null,
    needsReauth: status === 'needs_reauth',
    reauthReason: status === 'needs_reauth' ? (connection?.reauthReason ?? 'revoked_or_expired') : null,
    lastError: connection?.lastErrorCode ?? null,
    lastSyncAt: connection?.lastSyncAt ?? null,
  }
}
