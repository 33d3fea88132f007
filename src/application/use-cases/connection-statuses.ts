import { isLive, needsAttention } from '../../domain/model/connection.ts'
import type { Connection, ConnectionStatus, ReauthReason } from '../../domain/model/connection.ts'
import { EXPIRY_NOTICE, grantExpiresAt, isGrantExpiring } from '../../domain/model/grant-end.ts'
import { DEFAULT_LABEL, INTEGRATION_PROVIDERS } from '../../domain/model/identifiers.ts'
import type { ConnectionLabel, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import type { Instant } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DueConnections, TroubledConnection } from '../../ports/due-connections.ts'
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
  /** When a person has to connect again at the latest, however often the token is refreshed; `null`: no such end is known. */
  readonly grantExpiresAt: Instant | null
  /** That is near: two weeks, or the last quarter of a shorter life. */
  readonly isExpiring: boolean
  readonly needsReauth: boolean
  readonly reauthReason: ReauthReason | null
  /** Code of the last failure since tokens were last stored or verified. */
  readonly lastError: string | null
  readonly lastSyncAt: Instant | null
}

export interface ConnectionStatusesDependencies {
  readonly tokens: TokenStore
  readonly due: DueConnections
  readonly providers: ProviderRegistry
  readonly clock: Clock
}

/** Each answer is one query. */
export class ConnectionStatuses {
  readonly #deps: ConnectionStatusesDependencies

  constructor(dependencies: ConnectionStatusesDependencies) {
    this.#deps = dependencies
  }

  /**
   * One under the default label for each of the four platforms and each further one that is configured, connected or not; then
   * every other connection.
   */
  async all(tenantId: TenantId): Promise<readonly ConnectionState[]> {
    const { tokens, providers } = this.#deps
    const connections = await tokens.list(tenantId)
    const platforms = new Set<ProviderName>([...INTEGRATION_PROVIDERS, ...providers.names()])
    const defaults = [...platforms].map((provider) =>
      this.#stateOf(provider, DEFAULT_LABEL, connections.find(isOf(provider, DEFAULT_LABEL))),
    )
    const others = connections.filter(
      (connection) => !defaults.some((state) => isOf(state.provider, state.label)(connection)),
    )
    return [...defaults, ...others.map((other) => this.#stateOf(other.provider, other.label, other))]
  }

  /** How the connection stands; `not_connected` when there is none. */
  async one(tenantId: TenantId, provider: ProviderName, label: ConnectionLabel): Promise<ConnectionState> {
    const [connection] = await this.#deps.tokens.list(tenantId, { provider, label })
    return this.#stateOf(provider, label, connection)
  }

  /** Whether a person should look: something needs to be connected again now or soon, chosen, or keeps failing. */
  async hasIssues(tenantId: TenantId): Promise<boolean> {
    const states = await this.all(tenantId)
    return states.some((state) => needsAttention({ ...state, hasFailed: state.lastError !== null }))
  }

  /** Up to `limit` connections of all tenants that a person should look at, and whether there are more. */
  async needingAttention(
    limit: number,
  ): Promise<{ readonly connections: readonly TroubledConnection[]; readonly isMore: boolean }> {
    const found = await this.#deps.due.needingAttention({ limit: limit + 1, notice: EXPIRY_NOTICE })
    return { connections: found.slice(0, limit), isMore: found.length > limit }
  }

  #stateOf(
    provider: ProviderName,
    label: ConnectionLabel,
    connection: Connection | undefined,
  ): ConnectionState {
    const status = connection?.status ?? 'not_connected'
    const live = connection !== undefined && isLive(connection.status) ? connection : undefined
    const endsAt = connection === undefined ? null : grantExpiresAt(connection)
    return {
      provider,
      label,
      connected: live !== undefined,
      status,
      accountName: connection?.selectedAccountName ?? connection?.subject?.name ?? null,
      tokenExpiresAt: live?.tokenExpiresAt ?? null,
      grantExpiresAt: endsAt,
      isExpiring: live !== undefined && isGrantExpiring(endsAt, live.connectedAt, this.#deps.clock.now()),
      needsReauth: status === 'needs_reauth',
      reauthReason: status === 'needs_reauth' ? (connection?.reauthReason ?? 'revoked_or_expired') : null,
      lastError: connection?.lastErrorCode ?? null,
      lastSyncAt: connection?.lastSyncAt ?? null,
    }
  }
}

function isOf(provider: ProviderName, label: ConnectionLabel): (connection: Connection) => boolean {
  return (connection) => connection.provider === provider && connection.label === label
}
