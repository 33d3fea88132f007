import type { RefreshLease } from '../../ports/refresh-leases.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { asTenant } from './tenant-transaction.ts'

/** The live row of the grant that `grantOf` names. */
export const OF_GRANT = `
c.tenant_id = $1 AND c.provider = $2 AND c.label = $3 AND c.id = $4 AND c.grant_id = $5 AND c.status <> 'disconnected'`

/** A lease that was taken over has another epoch; one that was ended has no end. */
const HELD = `${OF_GRANT} AND c.lease_epoch = $6 AND c.lease_until IS NOT NULL`

/** While the lease is held and its token is the current one. What a statement says beside that begins with $8. */
export const HELD_AND_CURRENT = `${HELD} AND c.token_version = $7`

const END_LEASE = `
UPDATE public.integration_connections c SET lease_owner = NULL, lease_until = NULL WHERE ${HELD}`

export function grantOf(lease: RefreshLease): readonly unknown[] {
  return [lease.tenantId, lease.provider, lease.label, lease.connectionId, lease.grantId]
}

/**
 * Ends the lease by a statement over HELD_AND_CURRENT. What is known of a token that is no longer the current one says
 * nothing of its successor: then only the lease ends. Resolves whether it was the current one and the lease this one.
 */
export async function endLease(
  pool: PostgresPool,
  lease: RefreshLease,
  { statement, facts }: { readonly statement: string; readonly facts: readonly unknown[] },
): Promise<boolean> {
  const held = [...grantOf(lease), lease.epoch]
  return asTenant(pool, lease.tenantId, async (client) => {
    if ((await client.query(statement, [...held, lease.tokenVersion, ...facts])).rowCount === 1) return true
    await client.query(END_LEASE, held)
    return false
  })
}
