import type { TenantId } from '../../domain/model/identifiers.ts'

/** A client on which the host's own queries run, inside a transaction that carries the tenant. */
export interface TenantQueries {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: readonly unknown[]; rowCount: number | null }>
}

/** Runs the host's own queries as one tenant; only a container over Postgres has one. */
export interface TenantScope {
  run<T>(tenantId: TenantId, work: (queries: TenantQueries) => Promise<T>): Promise<T>
}
