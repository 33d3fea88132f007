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
  refreshedTokens,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'
import { dueOf, leaseDue } from './claiming-due.ts'

export const postponingPromises: ConnectionPromises = {
  'ends the lease of a credential that lives, and lets it fall due again': async (stores) => {
    await connect(stores, { dueInMs: 0, expiresInMs: null })
    await stores.elapse(10 * MINUTE_MS)
    const before = await connectionOf(stores, KEY)
    const [lease] = await leaseDue(stores)
    assert.ok(lease !== undefined)
    assert.equal(await stores.due.postpone(lease, DAY_MS), true)
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.leaseMs, 0)
    assert.equal(reading?.nextAttemptMs, 0)
    assert.equal(reading?.tokenVersion, 1)
    assert.equal(await dueOf(stores, 'meta'), 0)
    const after = await connectionOf(stores, KEY)
    assertAbout((before.lastSyncAt ?? NaN) - (after.lastSyncAt ?? NaN), -10 * MINUTE_MS)
    assert.equal(after.rowVersion, before.rowVersion)
    await stores.elapse(DAY_MS)
    assert.equal((await leaseDue(stores)).length, 1)
  },

  'clears errors, attempts, suspicion and the earliest next attempt': async (stores) => {
    await connect(stores)
    const capped = { maxAttemptsPerHour: 3 }
    await stores.leases.release(await claimed(stores, KEY, capped), {
      errorCode: 'rate_limited',
      retryInMs: 0,
    })
    await stores.leases.suspect(await claimed(stores, KEY, capped), MINUTE_MS)
    await stores.elapse(MINUTE_MS)
    await stores.due.postpone(await claimed(stores, KEY, capped), HOUR_MS)
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.lastErrorCode, undefined)
    assert.equal(reading?.nextAttemptMs, 0)
    assert.equal((await connectionOf(stores, KEY)).lastErrorAt, undefined)
    const next = await claimed(stores, KEY, capped)
    assert.equal(next.attempt, 1)
    assert.equal(next.isSuspect, false)
  },

  "never touches another's lease, a later grant or another tenant's row": async (stores) => {
    await connect(stores, { dueInMs: 0 })
    const stale = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const holder = await claimVersion(stores, KEY, 1, { leaseTtlMs: HOUR_MS })
    assert.ok(holder !== undefined)
    const before = await connectionOf(stores, KEY)
    for (const lease of [
      stale,
      { ...holder, tenantId: OTHER_TENANT },
      { ...holder, grantId: stale.connectionId },
    ]) {
      assert.equal(await stores.due.postpone(lease, DAY_MS), false)
    }
    assertAbout((await stores.tokens.read(KEY))?.leaseMs, HOUR_MS)
    assert.equal((await connectionOf(stores, KEY)).lastSyncAt, before.lastSyncAt)
    assert.equal(await dueOf(stores, 'meta'), 1)
  },

  'ends the lease and notes nothing of a token that became current under it': async (stores) => {
    await connect(stores, { dueInMs: 0 })
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const holder = await claimed(stores)
    await stores.leases.store(late, refreshedTokens({ dueInMs: HOUR_MS }))
    assert.equal(await stores.due.postpone(holder, DAY_MS), false)
    assert.equal((await stores.tokens.read(KEY))?.leaseMs, 0)
    const next = await claimed(stores)
    await stores.leases.release(next, { errorCode: 'rate_limited', retryInMs: 0 })
    assert.equal(await stores.due.postpone(holder, DAY_MS), false)
    assert.equal((await stores.tokens.read(KEY))?.lastErrorCode, 'rate_limited')
    await stores.elapse(HOUR_MS)
    assert.equal(await dueOf(stores, 'meta'), 1, 'it falls due as its own result said')
  },
}
