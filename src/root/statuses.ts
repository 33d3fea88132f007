import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { givenObject } from '../domain/model/given-object.ts'
import { isProviderName, parseTenantId } from '../domain/model/identifiers.ts'
import { defaultContainer, service } from './default-container.ts'
import { keyOf } from './platform.ts'
import type { Which } from './platform.ts'
import { toStatus, toTroubled } from './views.ts'
import type { ConnectionNeedingAttention, IntegrationStatus } from './views.ts'

/**
 * One for each of the four platforms and each further one that is configured, connected or not; then any other connection.
 * One query.
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
 * Whether a person should look: a connection needs to be connected again now or soon, an account chosen, or a refresh
 * fails.
 * @throws tenant_invalid, config_invalid, store_unavailable
 */
export async function hasIntegrationIssues(tenantId: string): Promise<boolean> {
  const statuses = await service(IDS.ConnectionStatuses)
  return statuses.hasIssues(parseTenantId(tenantId))
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 10_000

/**
 * The connections of all tenants that a person should look at, by tenant, provider and label, and whether there are more
 * than `limit` (100, at most 10,000). For those who run the host: a tenant's request gets `getAllIntegrationStatuses`.
 * @throws config_invalid, store_unavailable
 */
export async function getConnectionsNeedingAttention(
  options: { readonly limit?: number } = {},
): Promise<{ connections: readonly ConnectionNeedingAttention[]; isMore: boolean }> {
  const { limit = DEFAULT_LIMIT } = givenObject('options', options)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new ConfigInvalidError([`limit: must be a whole number from 1 to ${MAX_LIMIT}`])
  const statuses = await service(IDS.ConnectionStatuses)
  const { connections, isMore } = await statuses.needingAttention(limit)
  return { connections: connections.map(toTroubled), isMore }
}
