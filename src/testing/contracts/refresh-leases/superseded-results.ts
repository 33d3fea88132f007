import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { MINUTE_MS } from '../../../domain/model/time.ts'
import type { RefreshLease, SealedCandidate } from '../../../ports/refresh-leases.ts'
import {
  claimed,
  connect,
  KEY,
  OTHER_TENANT,
  reconnect,
  refreshedTokens,
  sealed,
} from '../connection-fixtures.ts'
import type { ConnectionPromises, ConnectionStores } from '../connection-stores.ts'

export const supersededPromises: ConnectionPromises = {
  'keeps what lost the race for the next lease, in the order in which it came': async (stores) => {
    const loser = await superseded(stores)
    const first = candidate('first')
    const second = { id: randomUUID(), parentVersion: 1, accessToken: sealed('second') }
    await stores.leases.keepCandidate(loser, first)
    await stores.leases.keepCandidate(loser, second)
    const { candidates } = await claimed(stores)
    assert.deepEqual(
      candidates.map(({ id, parentVersion, accessToken, refreshToken }) => [
        id,
        parentVersion,
        accessToken,
        refreshToken,
      ]),
      [
        [first.id, 1, first.accessToken, first.refreshToken],
        [second.id, 1, second.accessToken, undefined],
      ],
    )
  },

  'keeps a candidate once, though it is sent again after a lost acknowledgement': async (stores) => {
    const loser = await superseded(stores)
    const kept = candidate('kept')
    assert.equal(await stores.leases.keepCandidate(loser, kept), true)
    assert.equal(await stores.leases.keepCandidate(loser, kept), true)
    assert.equal((await claimed(stores)).candidates.length, 1)
  },

  'loses none of twenty candidates that come at once': async (stores) => {
    const loser = await superseded(stores)
    const candidates = Array.from({ length: 20 }, (_, index) => candidate(`candidate ${index}`))
    await Promise.all(candidates.map((one) => stores.leases.keepCandidate(loser, one)))
    const kept = (await claimed(stores)).candidates.map(({ id }) => id)
    assert.deepEqual([...kept].sort(), candidates.map(({ id }) => id).sort())
  },

  'neither moves the version nor ends a lease by keeping a candidate': async (stores) => {
    const loser = await superseded(stores)
    const holder = await claimed(stores)
    await stores.leases.keepCandidate(loser, candidate('late'))
    assert.ok(((await stores.tokens.read(KEY))?.leaseMs ?? 0) > 0)
    assert.equal(await stores.leases.store(holder, refreshedTokens()), 'stored')
  },

  'lets a connection that was given up live again, to try a candidate that comes late': async (stores) => {
    const loser = await superseded(stores)
    assert.equal(await stores.leases.condemn(await claimed(stores), 'revoked_or_expired'), true)
    await stores.leases.keepCandidate(loser, candidate('late'))
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.status, 'active')
    assert.equal(reading.reauthReason, undefined)
    assert.equal(reading.lastErrorCode, undefined)
    await stores.elapse(MINUTE_MS)
    assert.equal((await claimed(stores)).candidates.length, 1)
  },

  'gives no connection up over a candidate that came after the claim': async (stores) => {
    const loser = await superseded(stores)
    const holder = await claimed(stores)
    await stores.leases.keepCandidate(loser, candidate('late'))
    assert.equal(await stores.leases.condemn(holder, 'revoked_or_expired'), false)
    assert.equal((await stores.tokens.read(KEY))?.status, 'active')
    await stores.leases.release(holder, { retryInMs: 0 })
    assert.equal(await stores.leases.condemn(await claimed(stores), 'revoked_or_expired'), true)
  },

  'forgets candidates when a later result is stored': async (stores) => {
    const loser = await superseded(stores)
    await stores.leases.keepCandidate(loser, candidate('old'))
    await stores.leases.store(await claimed(stores), refreshedTokens())
    assert.deepEqual((await claimed(stores)).candidates, [])
  },

  'keeps no candidate of a grant that is gone, nor for another tenant, and says so': async (stores) => {
    const loser = await superseded(stores)
    const stolen = { ...loser, tenantId: OTHER_TENANT }
    assert.equal(await stores.leases.keepCandidate(stolen, candidate('stolen')), false)
    const [current] = await stores.tokens.list(KEY.tenantId)
    assert.ok(current !== undefined)
    await reconnect(stores, current)
    assert.equal(await stores.leases.keepCandidate(loser, candidate('late')), false)
    assert.deepEqual((await claimed(stores)).candidates, [])
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    assert.equal(await stores.leases.keepCandidate(loser, candidate('later')), false)
  },
}

/** A lease whose result would come second: the connection moved to token version 2 since. */
async function superseded(stores: ConnectionStores): Promise<RefreshLease> {
  await connect(stores)
  const loser = await claimed(stores)
  await stores.elapse(2 * MINUTE_MS)
  assert.equal(await stores.leases.store(await claimed(stores), refreshedTokens()), 'stored')
  assert.equal(await stores.leases.store(loser, refreshedTokens()), 'superseded')
  return loser
}

function candidate(name: string): SealedCandidate {
  return {
    id: randomUUID(),
    parentVersion: 1,
    accessToken: sealed(`${name} access`),
    refreshToken: sealed(`${name} refresh`),
  }
}
