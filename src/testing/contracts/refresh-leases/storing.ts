import assert from 'node:assert/strict'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  assertAbout,
  claimed,
  claimVersion,
  connect,
  connectionOf,
  KEY,
  OTHER_TENANT,
  reconnect,
  refreshedTokens,
  sealed,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const storingPromises: ConnectionPromises = {
  'makes a result current, and ends the lease': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.elapse(30 * MINUTE_MS)
    const before = await connectionOf(stores, KEY)
    const result = refreshedTokens({ expiresInMs: 2 * HOUR_MS })
    assert.equal(await stores.leases.store(lease, result), 'stored')
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.tokenVersion, 2)
    assert.equal(reading?.accessToken, result.tokens.accessToken)
    assert.equal(reading?.lifetimeMs, 2 * HOUR_MS)
    assertAbout(reading?.remainingMs, 2 * HOUR_MS)
    assert.equal(reading?.leaseMs, 0)
    const after = await connectionOf(stores, KEY)
    assert.equal(after.rowVersion, before.rowVersion)
    assert.equal(after.grantId, before.grantId)
    assertAbout((before.lastSyncAt ?? NaN) - (after.lastSyncAt ?? NaN), -30 * MINUTE_MS)
  },

  'hands the next lease exactly the secrets of the last result': async (stores) => {
    await connect(stores)
    const first = refreshedTokens()
    await stores.leases.store(await claimed(stores), first)
    const second = await claimed(stores)
    assert.deepEqual({ ...second.tokens }, first.tokens)
    assert.equal(second.previousRefreshToken, first.previousRefreshToken)
    const bare = refreshedTokens({ tokens: { accessToken: sealed('bare') }, previousRefreshToken: undefined })
    await stores.leases.store(second, bare)
    const third = await claimed(stores)
    assert.equal(third.tokens.accessToken, bare.tokens.accessToken)
    assert.equal(third.tokens.refreshToken, undefined)
    assert.equal(third.previousRefreshToken, undefined)
  },

  'keeps null for an end that the provider did not name': async (stores) => {
    await connect(stores)
    await stores.leases.store(await claimed(stores), refreshedTokens({ expiresInMs: null, dueInMs: DAY_MS }))
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.remainingMs, null)
    assert.equal(reading?.lifetimeMs, null)
  },

  'keeps the end of the refresh token that a consent set, or an earlier one, and none that a refresh puts off':
    async (stores) => {
      const end = async (): Promise<number | null> => (await connectionOf(stores, KEY)).refreshExpiresAt
      const refreshed = async (refreshExpiresInMs: number | null): Promise<void> => {
        await stores.leases.store(await claimed(stores), refreshedTokens({ refreshExpiresInMs }))
      }
      const { refreshExpiresAt } = await connect(stores, { refreshExpiresInMs: 60 * DAY_MS })
      await refreshed(null)
      assert.equal(await end(), refreshExpiresAt)
      await refreshed(60 * DAY_MS + MINUTE_MS)
      assert.equal(await end(), refreshExpiresAt)
      await refreshed(DAY_MS)
      const earlier = await end()
      assert.ok(earlier !== null && refreshExpiresAt !== null && earlier < refreshExpiresAt - 58 * DAY_MS)
      await refreshed(2 * DAY_MS)
      assert.equal(await end(), null)
      await refreshed(DAY_MS)
      assert.equal(await end(), null)
    },

  'stores a result that comes after its lease has ended': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.elapse(DAY_MS)
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'stored')
    assert.equal((await claimed(stores)).isUncertain, false)
  },

  "stores a late result whoever holds the lease now, and leaves that other's lease alone": async (stores) => {
    await connect(stores)
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    await claimed(stores, KEY, { owner: 'process-2', leaseTtlMs: 30 * MINUTE_MS })
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    assertAbout((await stores.tokens.read(KEY))?.leaseMs, 30 * MINUTE_MS)
    assert.equal(await tryClaim(stores), undefined)
  },

  'recognises its own write when the acknowledgement was lost': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    const result = refreshedTokens()
    assert.equal(await stores.leases.store(lease, result), 'stored')
    assert.equal(await stores.leases.store(lease, result), 'stored')
    assert.equal((await stores.tokens.read(KEY))?.tokenVersion, 2)
  },

  'stores exactly one of two results with one parent': async (stores) => {
    await connect(stores)
    const first = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const second = await claimed(stores)
    const results = [refreshedTokens(), refreshedTokens()] as const
    const outcomes = await Promise.all([
      stores.leases.store(first, results[0]),
      stores.leases.store(second, results[1]),
    ])
    assert.deepEqual([...outcomes].sort(), ['stored', 'superseded'])
    const winner = outcomes[0] === 'stored' ? results[0] : results[1]
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.accessToken, winner.tokens.accessToken)
    assert.equal(reading.tokenVersion, 2)
  },

  'clears errors, doubts and the earliest next attempt': async (stores) => {
    await connect(stores)
    const failed = await claimed(stores)
    await stores.leases.release(failed, {
      errorCode: 'provider_unavailable',
      isUncertain: true,
      retryInMs: HOUR_MS,
    })
    assert.equal(await stores.leases.store(failed, refreshedTokens()), 'stored')
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.lastErrorCode, undefined)
    assert.equal(reading?.nextAttemptMs, 0)
    const connection = await connectionOf(stores, KEY)
    assert.equal(connection.lastErrorCode, undefined)
    assert.equal(connection.lastErrorAt, undefined)
    const next = await claimed(stores)
    assert.equal(next.isUncertain, false)
    assert.equal(next.attempt, 1)
  },

  'says that the grant is gone after a reconnect, and leaves the new grant alone': async (stores) => {
    const before = await connect(stores)
    const lease = await claimed(stores)
    const after = await reconnect(stores, before)
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'grant_gone')
    assert.deepEqual(await connectionOf(stores, KEY), after)
  },

  'says that the grant is gone when its tenant is, and to every other tenant': async (stores) => {
    const connection = await connect(stores)
    const lease = await claimed(stores)
    const stolen = { ...lease, tenantId: OTHER_TENANT }
    assert.equal(await stores.leases.store(stolen, refreshedTokens()), 'grant_gone')
    assert.equal((await connectionOf(stores, KEY)).tokenVersion, connection.tokenVersion)
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    await stores.tokens.deleteTenant(KEY.tenantId)
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'grant_gone')
  },

  'refreshes two tenants apart even where every id is the same': async (stores) => {
    const { id: connectionId, grantId } = await connect(stores)
    const otherKey = { ...KEY, tenantId: OTHER_TENANT }
    await connect(stores, { ...otherKey, connectionId, grantId })
    const [mine, others] = await Promise.all([
      claimVersion(stores, KEY, 1),
      claimVersion(stores, otherKey, 1),
    ])
    assert.ok(mine !== undefined && others !== undefined)
    const result = refreshedTokens()
    assert.equal(await stores.leases.store(mine, result), 'stored')
    assert.equal((await stores.tokens.read(otherKey))?.tokenVersion, 1)
    await stores.leases.release(mine, {})
    assertAbout((await stores.tokens.read(otherKey))?.leaseMs, 2 * MINUTE_MS)
  },
}
