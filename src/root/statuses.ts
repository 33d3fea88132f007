import { IDS } from '../application/container/identifiers.ts'
import type { TenantQueries } from '../application/container/tenant-scope.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { isProviderName, parseTenantId } from '../domain/model/identifiers.ts'
import { defaultContainer, service } from './default-container.ts'
import { keyOf } from './platform.ts'
import type { Which } from './platform.ts'
import { toConnection, toStatus } from './views.ts'
import type { IntegrationConnection, IntegrationStatus } from './views.ts'

/**
 * One for each of the four platforms, connected or not, then any other connection; one query.
 * @throws tenant_invalid, config_invalid, store_unavailable
 */
export async function getAllIntegrationStatuses(tenantId: string): Promise<readonly IntegrationStatus[]> {
  const statuses = await service(IDS.ConnectionStatuses)
  const states = await statuses.all(parseTenantId(tenantId))
  return states.map(toStatus)
}

/**
 * How one connection stands; `not_connected` when there is none.
 * @throws config_invalid also when there can be no such provider, tenant_invalid, store_unavailable
 */
export async function getIntegrationStatus(
  tenantId: string,
  provider: string,
  which?: Which,
): Promise<IntegrationStatus> {
  if (!isProviderName(provider))
    throw new ConfigInvalidError(['provider: no provider of this name is configured'])
  const container = await defaultContainer()
  container.get(IDS.ProviderRegistry).mustKnow(provider)
  const key = keyOf(provider, tenantId, which)
  const statuses = container.get(IDS.ConnectionStatuses)
  return toStatus(await statuses.one(key.tenantId, key.provider, key.label))
}

/**
 * Whether a person should look: a connection needs to be connected again, an account chosen, or a refresh fails.
 * @throws tenant_invalid, config_invalid, store_unavailable
 */
export async function hasIntegrationIssues(tenantId: string): Promise<boolean> {
  const statuses = await service(IDS.ConnectionStatuses)
  return statuses.hasIssues(parseTenantId(tenantId))
}

/**
 * Every connection of the tenant that is not disconnected.
 * @throws tenant_invalid, config_invalid, store_unavailable
 */
export async function listConnections(tenantId: string): Promise<readonly IntegrationConnection[]> {
  const tokens = await service(IDS.TokenStore)
  const connections = await tokens.list(parseTenantId(tenantId))
  return connections.filter(({ status }) => status !== 'disconnected').map(toConnection)
}

/**
 * Disconnects everything of the tenant and removes its rows. `connections` counts the rows that were removed, disconnected
 * ones too. What was done before it rejects stays done: call it again.
 * @throws stale_connection when consents go on arriving, tenant_invalid, config_invalid, store_unavailable
 */
export async function deleteTenant(tenantId: string): Promise<{ connections: number }> {
  const connections = await service(IDS.Connections)
  return connections.deleteTenant(parseTenantId(tenantId))
}

/**
 * Runs the host's own queries in a transaction that carries the tenant (`app.tenant_id`, for row-level security), under
 * the host's own role. Commits when `work` resolves, rolls back when it rejects and rejects with the same.
 * @throws config_invalid also where connections are kept elsewhere than in Postgres, tenant_invalid, store_unavailable
 */
export async function withTenant<T>(tenantId: string, work: (tx: TenantQueries) => Promise<T>): Promise<T> {
  const container = await defaultContainer()
  if (!container.isBound(IDS.TenantScope))
    throw new ConfigInvalidError(['database: withTenant needs Postgres'])
  return container.get(IDS.TenantScope).run(parseTenantId(tenantId), work)
}
