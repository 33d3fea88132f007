import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import type { RefreshLease } from '../../../ports/refresh-leases.ts'
import {
  assertAbout,
  claimed,
  connect,
  connectionOf,
  KEY,
  OTHER_TENANT,
  reconnect,
  refreshedTokens,
} from '../connection-fixtures.ts'
import type { ConnectionPromises, ConnectionStores } from '../connection-stores.ts'

export const releasingPromises: ConnectionPromises = {
  'ends its lease and lets the backoff stand': async (stores) => {
    await connect(stores)
    await stores.leases.release(await claimed(stores), {})
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.leaseMs, 0)
    assertAbout(reading?.nextAttemptMs, 10_000)
    assert.equal(reading?.lastErrorCode, undefined)
  },

  'lets the next attempt come when the reason says so': async (stores) => {
    await connect(stores)
    await stores.leases.release(await claimed(stores), { retryInMs: 0 })
    const next = await claimed(stores)
    assert.equal(next.attempt, 2)
    assert.equal(next.isUncertain, false)
    await stores.leases.release(next, { retryInMs: 30 * MINUTE_MS })
    assertAbout((await stores.tokens.read(KEY))?.nextAttemptMs, 30 * MINUTE_MS)
  },

  'remembers why, for status and for those who wait': async (stores) => {
    const before = await connect(stores)
    await stores.leases.release(await claimed(stores), { errorCode: 'rate_limited' })
    assert.equal((await stores.tokens.read(KEY))?.lastErrorCode, 'rate_limited')
    const after = await connectionOf(stores, KEY)
    assert.equal(after.lastErrorCode, 'rate_limited')
    assert.equal(typeof after.lastErrorAt, 'number')
    assert.equal(after.status, 'active')
    assert.equal(after.rowVersion, before.rowVersion)
  },

  'forgets what was wrong when the reason says that nothing is': async (stores) => {
    const before = await connect(stores)
    await stores.leases.release(await claimed(stores), { errorCode: 'rate_limited', retryInMs: 0 })
    await stores.leases.release(await claimed(stores), { retryInMs: 0 })
    assert.equal((await connectionOf(stores, KEY)).lastErrorCode, 'rate_limited')
    await stores.leases.release(await claimed(stores), { errorCode: null })
    assert.equal((await stores.tokens.read(KEY))?.lastErrorCode, undefined)
    const after = await connectionOf(stores, KEY)
    assert.equal(after.lastErrorCode, undefined)
    assert.equal(after.lastErrorAt, undefined)
    assert.equal(after.rowVersion, before.rowVersion)
  },

  'tells the next owner that the provider may have acted': async (stores) => {
    await connect(stores)
    await stores.leases.release(await claimed(stores), { isUncertain: true, retryInMs: 0 })
    assert.equal((await claimed(stores)).isUncertain, true)
  },

  'notes nothing of a token that became current under its lease': async (stores) => {
    for (const reason of [
      { errorCode: 'provider_unavailable', retryInMs: HOUR_MS, isUncertain: true },
      { isUncounted: true },
    ]) {
      const overtaken = await overtakenLease(stores)
      await stores.leases.release(overtaken, reason)
      const reading = await stores.tokens.read(overtaken)
      assert.equal(reading?.leaseMs, 0)
      assert.equal(reading.nextAttemptMs, 0)
      assert.equal(reading.lastErrorCode, undefined)
      const next = await claimed(stores, overtaken)
      assert.equal(next.attempt, 1)
      assert.equal(next.isUncertain, false)
    }
  },

  "never touches another's lease": async (stores) => {
    await connect(stores)
    const stale = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    await claimed(stores, KEY, { leaseTtlMs: 30 * MINUTE_MS })
    await stores.leases.release(stale, { errorCode: 'provider_unavailable', retryInMs: HOUR_MS })
    const reading = await stores.tokens.read(KEY)
    assertAbout(reading?.leaseMs, 30 * MINUTE_MS)
    assertAbout(reading?.nextAttemptMs, 20_000)
    assert.equal(reading?.lastErrorCode, undefined)
  },

  'never touches a lease on a later grant, nor one of another tenant': async (stores) => {
    const before = await connect(stores)
    const stale = await claimed(stores)
    await reconnect(stores, before)
    const current = await claimed(stores)
    await stores.leases.release(stale, { errorCode: 'provider_unavailable' })
    await stores.leases.release({ ...current, tenantId: OTHER_TENANT }, { errorCode: 'provider_unavailable' })
    const reading = await stores.tokens.read(KEY)
    assertAbout(reading?.leaseMs, 2 * MINUTE_MS)
    assert.equal(reading?.lastErrorCode, undefined)
  },
}

/** A lease under which the late result of an earlier owner became current. */
async function overtakenLease(stores: ConnectionStores): Promise<RefreshLease> {
  const key = { ...KEY, label: randomUUID() }
  await connect(stores, key)
  const late = await claimed(stores, key)
  await stores.elapse(2 * MINUTE_MS)
  const overtaken = await claimed(stores, key)
  assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
  return overtaken
}
