import type { TenantQueries } from '../../adapters/postgres/index.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'

/** Runs the host's own queries as one tenant; only a container over Postgres has one. */
export interface TenantScope {
  run<T>(tenantId: TenantId, work: (queries: TenantQueries) => Promise<T>): Promise<T>
}
