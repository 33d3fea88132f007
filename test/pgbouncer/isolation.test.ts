import { expect, test } from 'vitest'
import { migrate, withTenant } from '../../src/adapters/postgres/index.ts'
import {
  claimVersion,
  connect,
  KEY,
  newGrant,
  OTHER_TENANT,
  TENANT,
} from '../../src/testing/contracts/connection-fixtures.ts'
import { behindPgBouncer } from './stores-behind-pgbouncer.ts'

const READS = 10_000
const AT_ONCE = 50

const OTHER_KEY = { ...KEY, tenantId: OTHER_TENANT }

const pooled = behindPgBouncer()

test('10,000 interleaved reads and transactions of two tenants never meet a row of the other', async () => {
  const stores = await pooled.stores()
  await connect(stores)
  await connect(stores, { tenantId: OTHER_TENANT })
  const mine = await stores.tokens.read(KEY)
  const others = await stores.tokens.read(OTHER_KEY)
  expect(mine?.accessToken).not.toBe(others?.accessToken)

  let wrong = 0
  const readOnce = async (turn: number): Promise<void> => {
    const isMine = turn % 2 === 0
    if (turn % 10 < 8) {
      const reading = await stores.tokens.read(isMine ? KEY : OTHER_KEY)
      if (reading?.accessToken !== (isMine ? mine : others)?.accessToken) wrong += 1
      return
    }
    const tenantId = isMine ? TENANT : OTHER_TENANT
    const seen = await withTenant(pooled.pool, tenantId, async (tx) => {
      const { rows } = await tx.query("SELECT current_setting('app.tenant_id') AS tenant")
      return rows[0]
    })
    if (JSON.stringify(seen) !== JSON.stringify({ tenant: tenantId })) wrong += 1
  }
  for (let first = 0; first < READS; first += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => readOnce(first + index)))
  }
  expect(wrong).toBe(0)
})

test('no tenant is left behind on a server connection', async () => {
  const stores = await pooled.stores()
  await connect(stores)
  await Promise.all(Array.from({ length: 40 }, () => stores.tokens.read(KEY)))
  const left = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const { rows } = await pooled.pool.query(
        "SELECT coalesce(current_setting('app.tenant_id', true), '') AS tenant, current_user AS login",
      )
      return rows[0]
    }),
  )
  const login = new URL(pooled.url).username
  expect(left.every((row) => JSON.stringify(row) === JSON.stringify({ tenant: '', login }))).toBe(true)
})

test('of fifty claims over shared server connections one wins', async () => {
  const stores = await pooled.stores()
  await stores.tokens.save(newGrant())
  const claims = await Promise.all(Array.from({ length: 50 }, () => claimVersion(stores, KEY, 1)))
  expect(claims.filter((lease) => lease !== undefined)).toHaveLength(1)
})

test('migrating through the pooler finds everything done', async () => {
  const applied = await Promise.all(
    Array.from({ length: 5 }, () => migrate({ connectionString: pooled.url })),
  )
  expect(applied.flatMap((one) => one.applied)).toEqual([])
})
