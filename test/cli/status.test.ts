import { expect, test } from 'vitest'
import { PostgresRefreshLeases, PostgresTokenStore } from '../../src/adapters/postgres/index.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { claimRequest, newGrant, range } from '../../src/testing/contracts/connection-fixtures.ts'
import { integrations } from '../support/integrations-command.ts'
import { cliDatabase } from './cli-database.ts'

const database = cliDatabase()

const status = (...parameters: readonly string[]): ReturnType<typeof integrations> =>
  integrations(['status', ...parameters], database.variables)

/** A connection that the platform has ended. */
async function condemned(tenant: string, label: string): Promise<void> {
  const key = { tenantId: parseTenantId(tenant), provider: 'meta', label }
  await new PostgresTokenStore(database).save(newGrant(key))
  const leases = new PostgresRefreshLeases(database)
  const lease = await leases.claim(key, 1, claimRequest())
  if (lease !== undefined && !('reason' in lease)) await leases.condemn(lease, 'revoked_or_expired')
}

test('status of all tenants names what needs attention and why, and how much more there is', async () => {
  expect(await status('--all')).toEqual({ code: 0, printed: 'Nothing needs attention.\n' })
  for (const n of range(3)) await condemned(`tenant-${n}`, n === 0 ? 'default' : 'second')
  await new PostgresTokenStore(database).save(newGrant({ tenantId: parseTenantId('well') }))

  const { code, printed } = await status('--all', '--limit', '2')
  expect(printed.split('\n')).toEqual([
    'tenant-0 meta needs_reauth: revoked_or_expired',
    'tenant-1 meta (second) needs_reauth: revoked_or_expired',
    '… and more than these 2',
    '',
  ])
  expect(code).toBe(1)
  const soon = { dataAccessExpiresInMs: 1, tenantId: parseTenantId('soon') }
  await new PostgresTokenStore(database).save(newGrant(soon))
  expect((await status('--all')).printed).toMatch(/^soon meta active, grant ended .+Z: connect again$/m)
  const { connections, isMore } = JSON.parse((await status('--all', '--json')).printed) as {
    readonly connections: readonly unknown[]
    readonly isMore: boolean
  }
  expect([connections.length, isMore]).toEqual([4, false])
})

test('status of one tenant says label and reason', async () => {
  await condemned('one', 'second')
  const { code, printed } = await status('--tenant', 'one')
  expect(printed).toContain('meta (second) needs_reauth: revoked_or_expired')
  expect(code).toBe(1)
})
