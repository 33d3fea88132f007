import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import type { ProviderName } from '../../../domain/model/identifiers.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import type { DueRequest } from '../../../ports/due-connections.ts'
import type { RefreshLease } from '../../../ports/refresh-leases.ts'
import {
  APP,
  claimed,
  claimRequest,
  claimVersion,
  connect,
  connectionOf,
  KEY,
  newGrant,
  OTHER_TENANT,
  range,
  reconnect,
  refreshedTokens,
  TENANT,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises, ConnectionStores } from '../connection-stores.ts'

export function dueRequest(changes: Partial<DueRequest> = {}): DueRequest {
  const tiktok = claimRequest({ app: { ...APP, provider: 'tiktok' }, leaseTtlMs: 20 * MINUTE_MS })
  const claims = { meta: claimRequest(), tiktok }
  return { limit: 10, maxPerTenant: 10, providers: ['meta', 'tiktok'], claims, ...changes }
}

/** Leases what is due for apps of which none has to wait. */
export async function leaseDue(
  stores: ConnectionStores,
  request: DueRequest = dueRequest(),
): Promise<readonly RefreshLease[]> {
  const { leases, heldBackMs } = await stores.due.claimDue(request)
  assert.equal(heldBackMs, undefined)
  return leases
}

/** How many connections of one provider are due now. */
export async function dueOf(stores: ConnectionStores, provider: ProviderName): Promise<number> {
  return (await stores.due.countDue(0)).get(provider) ?? 0
}

export const claimingDuePromises: ConnectionPromises = {
  'counts what has been due for so long, of every provider that has such': async (stores) => {
    assert.deepEqual([...(await stores.due.countDue(0))], [])
    await connect(stores, { provider: 'meta', dueInMs: 0 })
    await connect(stores, { provider: 'meta', label: 'gone', dueInMs: 0 })
    await stores.tokens.disconnect({ ...KEY, label: 'gone' }, { queueForRevocation: false })
    await stores.elapse(HOUR_MS)
    await connect(stores, { provider: 'meta', label: 'second', dueInMs: 0 })
    await connect(stores, { provider: 'pinterest', dueInMs: 0 })
    await connect(stores, { provider: 'tiktok', dueInMs: DAY_MS })
    assert.deepEqual([...(await stores.due.countDue(0))].sort(), [
      ['meta', 2],
      ['pinterest', 1],
    ])
    assert.deepEqual([...(await stores.due.countDue(HOUR_MS))], [['meta', 1]])
    assert.deepEqual([...(await stores.due.countDue(DAY_MS))], [])
  },

  'claims nothing before its time, and then what is due, like any claim': async (stores) => {
    const grant = newGrant({ dueInMs: 40 * MINUTE_MS })
    await stores.tokens.save(grant)
    await stores.elapse(39 * MINUTE_MS)
    assert.deepEqual(await leaseDue(stores), [])
    assert.equal(await dueOf(stores, 'meta'), 0)
    await stores.elapse(MINUTE_MS)
    assert.equal(await dueOf(stores, 'meta'), 1)
    const [lease, ...others] = await leaseDue(stores)
    assert.deepEqual(others, [])
    assert.equal(lease?.connectionId, grant.connectionId)
    assert.equal(lease.tenantId, TENANT)
    assert.equal(lease.label, 'default')
    assert.equal(lease.attempt, 1)
    assert.deepEqual({ ...lease.tokens }, grant.tokens)
    assert.equal(await tryClaim(stores), undefined)
    assert.equal(await stores.leases.store(lease, refreshedTokens({ dueInMs: HOUR_MS })), 'stored')
    assert.equal(await dueOf(stores, 'meta'), 0)
    await stores.elapse(HOUR_MS)
    assert.equal((await leaseDue(stores))[0]?.tokenVersion, 2)
  },

  'gives each due connection to exactly one of twenty workers': async (stores) => {
    const tenants = range(12).map((n) => parseTenantId(`tenant-${n}`))
    for (const tenantId of tenants) await connect(stores, { tenantId, dueInMs: 0 })
    const batches = await Promise.all(range(20).map(() => leaseDue(stores, dueRequest({ limit: 3 }))))
    const first = batches.flat().map((lease) => lease.tenantId)
    assert.equal(new Set(first).size, first.length, 'none is leased twice')
    const rest = (await leaseDue(stores, dueRequest({ limit: 50 }))).map((lease) => lease.tenantId)
    assert.deepEqual([...first, ...rest].sort(), [...tenants].sort())
  },

  'gives no tenant more than its part of a batch while others wait': async (stores) => {
    for (const n of range(6)) await connect(stores, { label: `label-${n}`, dueInMs: 0 })
    await stores.elapse(MINUTE_MS)
    for (const n of range(3))
      await connect(stores, { tenantId: OTHER_TENANT, label: `label-${n}`, dueInMs: 0 })
    const batch = await leaseDue(stores, dueRequest({ limit: 4, maxPerTenant: 2 }))
    assert.deepEqual(batch.map((lease) => lease.tenantId).sort(), [
      TENANT,
      TENANT,
      OTHER_TENANT,
      OTHER_TENANT,
    ])
  },

  'gives a tenant the whole batch when nobody else waits, and when others do what they leave': async (
    stores,
  ) => {
    for (const n of range(9)) await connect(stores, { label: `label-${n}`, dueInMs: 0 })
    const alone = await leaseDue(stores, dueRequest({ limit: 4, maxPerTenant: 1 }))
    assert.equal(alone.length, 4)
    await connect(stores, { tenantId: OTHER_TENANT, dueInMs: 0 })
    await connect(stores, { tenantId: OTHER_TENANT, dueInMs: HOUR_MS, label: 'later' })
    const batch = await leaseDue(stores, dueRequest({ limit: 4, maxPerTenant: 1 }))
    assert.deepEqual(batch.map((lease) => lease.tenantId).sort(), [TENANT, TENANT, TENANT, OTHER_TENANT])
  },

  'serves every tenant that waits behind several large ones, whatever they are called': async (stores) => {
    const large = ['m', 'c', 'x'].map(parseTenantId)
    const small = ['a', 'c1', 'n', 'x1', '\u{10FFFF}'].map(parseTenantId)
    for (const tenantId of large)
      for (const n of range(9)) await connect(stores, { tenantId, label: `label-${n}`, dueInMs: 0 })
    await stores.elapse(MINUTE_MS)
    for (const tenantId of small) await connect(stores, { tenantId, dueInMs: 0 })
    const batch = await leaseDue(stores, dueRequest({ limit: 11, maxPerTenant: 2 }))
    const tenants = batch.map((lease) => lease.tenantId)
    assert.deepEqual(tenants.sort(), [...large, ...large, ...small].sort())
  },

  'reaches everything that is due, batch by batch': async (stores) => {
    for (const n of range(5)) await connect(stores, { label: `label-${n}`, dueInMs: 0 })
    await connect(stores, { tenantId: OTHER_TENANT, dueInMs: 0 })
    const claimedKeys = new Set<string>()
    for (const _ of range(6)) {
      const batch = await leaseDue(stores, dueRequest({ limit: 2, maxPerTenant: 1 }))
      for (const lease of batch) claimedKeys.add(`${lease.tenantId}/${lease.label}`)
    }
    assert.equal(claimedKeys.size, 6)
  },

  'claims no more than the limit': async (stores) => {
    for (const n of range(4)) await connect(stores, { tenantId: parseTenantId(`tenant-${n}`), dueInMs: 0 })
    assert.equal((await leaseDue(stores, dueRequest({ limit: 3 }))).length, 3)
    assert.equal((await leaseDue(stores, dueRequest({ limit: 3 }))).length, 1)
  },

  'asks only for the providers named, each with its own terms': async (stores) => {
    await connect(stores, { provider: 'meta', dueInMs: 0 })
    await connect(stores, { provider: 'tiktok', dueInMs: 0 })
    await connect(stores, { provider: 'klaviyo', dueInMs: 0 })
    const only = await leaseDue(stores, dueRequest({ providers: ['tiktok'] }))
    assert.deepEqual(
      only.map(({ provider }) => provider),
      ['tiktok'],
    )
    await stores.elapse(5 * MINUTE_MS)
    assert.ok(((await stores.tokens.read({ ...KEY, provider: 'tiktok' }))?.leaseMs ?? 0) > 10 * MINUTE_MS)
    const rest = await leaseDue(stores)
    assert.deepEqual(
      rest.map(({ provider }) => provider),
      ['meta'],
    )
  },

  'skips what needs a person and what is disconnected': async (stores) => {
    await connect(stores, { dueInMs: 0 })
    await connect(stores, { tenantId: OTHER_TENANT, dueInMs: 0 })
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    await stores.tokens.disconnect({ ...KEY, tenantId: OTHER_TENANT }, { queueForRevocation: false })
    await stores.elapse(HOUR_MS)
    assert.deepEqual(await leaseDue(stores), [])
    assert.equal(await dueOf(stores, 'meta'), 0)
  },

  'claims what waits for its account selection as well': async (stores) => {
    await connect(stores, { status: 'pending_account_selection', dueInMs: 0 })
    assert.equal((await leaseDue(stores)).length, 1)
  },

  'waits for running leases, backoff, suspicion and the hourly cap': async (stores) => {
    const labels = ['leased', 'backing-off', 'suspect', 'capped']
    for (const label of labels) await connect(stores, { label, dueInMs: 0 })
    await claimed(stores, { ...KEY, label: 'leased' })
    const backingOff = await claimed(stores, { ...KEY, label: 'backing-off' })
    await stores.leases.release(backingOff, { retryInMs: MINUTE_MS })
    await stores.leases.suspect(await claimed(stores, { ...KEY, label: 'suspect' }), MINUTE_MS)
    await stores.leases.release(await claimed(stores, { ...KEY, label: 'capped' }), { retryInMs: 0 })
    const request = dueRequest({
      claims: { meta: claimRequest({ maxAttemptsPerHour: 1 }) },
      providers: ['meta'],
    })
    assert.deepEqual(await leaseDue(stores, request), [])
    await stores.elapse(HOUR_MS)
    const batch = await leaseDue(stores, request)
    assert.deepEqual(batch.map(({ label }) => label).sort(), [...labels].sort())
    assert.equal(batch.find(({ label }) => label === 'leased')?.isUncertain, true)
    assert.equal(batch.find(({ label }) => label === 'suspect')?.isSuspect, true)
    assert.equal(batch.find(({ label }) => label === 'capped')?.isUncertain, false)
  },

  'has nothing due that waits for its next attempt, and finds it behind what fell due meanwhile': async (
    stores,
  ) => {
    const labels = ['backing-off', 'told-to-wait', 'suspect']
    for (const label of labels) await connect(stores, { label, dueInMs: 0 })
    const lease = async (label: string): Promise<RefreshLease> => claimed(stores, { ...KEY, label })
    await stores.leases.release(await lease('backing-off'), { errorCode: 'provider_unavailable' })
    await stores.leases.release(await lease('told-to-wait'), { retryInMs: MINUTE_MS })
    await stores.leases.suspect(await lease('suspect'), 2 * MINUTE_MS)
    assert.equal(await dueOf(stores, 'meta'), 0)
    await connect(stores, { label: 'later', dueInMs: 0 })
    await stores.elapse(2 * MINUTE_MS)
    assert.equal(await dueOf(stores, 'meta'), 4)
    const inOrder = []
    for (const _ of range(4)) inOrder.push(...(await leaseDue(stores, dueRequest({ limit: 1 }))))
    assert.deepEqual(
      inOrder.map(({ label }) => label),
      ['later', 'backing-off', 'told-to-wait', 'suspect'],
    )
  },

  'lets what may be tried again at once keep its place': async (stores) => {
    await connect(stores, { label: 'first', dueInMs: 0 })
    await stores.elapse(MINUTE_MS)
    await connect(stores, { label: 'second', dueInMs: 0 })
    await stores.elapse(MINUTE_MS)
    const [lease] = await leaseDue(stores, dueRequest({ limit: 1 }))
    assert.equal(lease?.label, 'first')
    await stores.leases.release(lease, { retryInMs: 0, isUncounted: true })
    assert.equal((await leaseDue(stores, dueRequest({ limit: 1 })))[0]?.label, 'first')
  },

  'lets nothing fall due sooner because an attempt failed': async (stores) => {
    await connect(stores, { dueInMs: HOUR_MS })
    await stores.leases.release(await claimed(stores), { retryInMs: MINUTE_MS })
    await stores.elapse(MINUTE_MS)
    await stores.leases.suspect(await claimed(stores), MINUTE_MS)
    await stores.elapse(HOUR_MS - 2 * MINUTE_MS)
    assert.equal(await dueOf(stores, 'meta'), 0)
    await stores.elapse(MINUTE_MS)
    assert.equal(await dueOf(stores, 'meta'), 1)
  },

  'has a connection due as its new consent or its late result says, whatever it was waiting for': async (
    stores,
  ) => {
    const before = await connect(stores, { dueInMs: 0 })
    await stores.leases.release(await claimed(stores), { retryInMs: HOUR_MS })
    await reconnect(stores, before, { dueInMs: 0 })
    const suspect = await claimed(stores)
    await stores.leases.suspect(suspect, HOUR_MS)
    assert.equal(await stores.leases.store(suspect, refreshedTokens({ dueInMs: 0 })), 'stored')
    assert.equal((await leaseDue(stores)).length, 1)
  },

  'leases to the job what a caller can then not claim, and the other way round': async (stores) => {
    await connect(stores, { dueInMs: 0 })
    const attempts = await Promise.all([leaseDue(stores), claimVersion(stores, KEY, 1)])
    assert.equal(attempts.flat().filter((lease) => lease !== undefined).length, 1)
    assert.equal((await connectionOf(stores, KEY)).tokenVersion, 1)
  },
}
