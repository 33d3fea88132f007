import { ContainerModule } from 'inversify'
import {
  PostgresConsumedStates,
  PostgresDataKeyStore,
  PostgresDueConnections,
  PostgresPendingRevocations,
  PostgresProviderApps,
  PostgresRefreshLeases,
  PostgresSealedValues,
  PostgresStartLimiter,
  PostgresStateStore,
  PostgresTokenStore,
  withTenant,
} from '../../adapters/postgres/index.ts'
import type { PostgresPool, PostgresReadLane } from '../../adapters/postgres/index.ts'
import { IDS } from './identifiers.ts'
import type { TenantScope } from './tenant-scope.ts'

/** The connections that the stores use; whoever made them closes them. */
export interface PostgresModuleOptions {
  readonly pool: PostgresPool
  /** Own connections for the hot read; without them it goes over the pool. */
  readonly lane?: PostgresReadLane | undefined
}

/** Every store in Postgres, states and start counters included; `redisModule`, loaded later, takes over those two. */
export function postgresModule({ pool, lane }: PostgresModuleOptions): ContainerModule {
  return new ContainerModule(({ rebind }) => {
    rebind(IDS.TokenStore).toConstantValue(new PostgresTokenStore({ pool, lane }))
    rebind(IDS.RefreshLeases).toConstantValue(new PostgresRefreshLeases({ pool }))
    rebind(IDS.DueConnections).toConstantValue(new PostgresDueConnections({ pool }))
    rebind(IDS.PendingRevocations).toConstantValue(new PostgresPendingRevocations({ pool }))
    rebind(IDS.ProviderApps).toConstantValue(new PostgresProviderApps({ pool }))
    rebind(IDS.SealedValues).toConstantValue(new PostgresSealedValues({ pool }))
    rebind(IDS.DataKeyStore).toConstantValue(new PostgresDataKeyStore({ pool }))
    rebind(IDS.ConsumedStates).toConstantValue(new PostgresConsumedStates({ pool }))
    rebind(IDS.StateStore).toConstantValue(new PostgresStateStore({ pool }))
    rebind(IDS.StartLimiter).toConstantValue(new PostgresStartLimiter({ pool }))
    const scope: TenantScope = { run: (tenantId, work) => withTenant(pool, tenantId, work) }
    rebind(IDS.TenantScope).toConstantValue(scope)
  })
}
