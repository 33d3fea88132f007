export { PostgresConsumedStates } from './consumed-states.ts'
export { createPool } from './create-pool.ts'
export type { CreatedPool, CreatePoolOptions } from './create-pool.ts'
export { PostgresDataKeyStore } from './data-key-store.ts'
export { dbaStatements } from './dba-statements.ts'
export { PostgresDueConnections } from './due-connections.ts'
export { migrate } from './migrate.ts'
export type { MigrateOptions } from './migrate.ts'
export { checkMigrated } from './migration-table.ts'
export type { WhichDatabase } from './one-connection.ts'
export { PostgresProviderApps } from './provider-apps.ts'
export { PostgresPendingRevocations } from './pending-revocations.ts'
export type {
  PostgresClient,
  PostgresPool,
  PostgresQueries,
  PostgresResult,
  PreparedStatement,
} from './postgres-pool.ts'
export { PostgresReadLane } from './read-lane.ts'
export type { ReadLaneOptions } from './read-lane.ts'
export { PostgresRefreshLeases } from './refresh-leases.ts'
export { PostgresSealedValues } from './sealed-values.ts'
export { PostgresStartLimiter } from './start-limiter.ts'
export { PostgresStateStore } from './state-store.ts'
export { withTenant } from './tenant-transaction.ts'
export type { TenantQueries } from './tenant-transaction.ts'
export { PostgresTokenStore } from './token-store.ts'
