import { createHash } from 'node:crypto'
import type { TenantId } from '../../domain/model/identifiers.ts'

/**
 * Which tenants share data keys. `all`: everybody, for the fewest calls. `hash`: 256 groups. `tenant`: each its own, so
 * that revoking a tenant's keys makes its values unreadable for good, at the price of a call for nearly every tenant.
 */
export type Partitioning = 'all' | 'hash' | 'tenant'

const GENERAL = 'general'

/** The partition's name; a tenant's id is hashed, since the name stands in the service's audit log. */
export function partitionOf(partitioning: Partitioning, tenantId: TenantId | undefined): string {
  if (partitioning === 'all') return 'all'
  if (tenantId === undefined) return GENERAL
  const hash = createHash('sha256').update(tenantId).digest('hex')
  return partitioning === 'hash' ? `hash-${hash.slice(0, 2)}` : `tenant-${hash.slice(0, 32)}`
}
