import { IDS } from '../application/container/identifiers.ts'
import type { TenantQueries } from '../adapters/postgres/index.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { parseTenantId } from '../domain/model/identifiers.ts'
import { defaultContainer, service } from './default-container.ts'
import { toConnection } from './views.ts'
import type { IntegrationConnection } from './views.ts'

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
