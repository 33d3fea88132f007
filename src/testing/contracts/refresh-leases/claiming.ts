import assert from 'node:assert/strict'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  assertAbout,
  claimed,
  claimVersion,
  connect,
  connectionOf,
  KEY,
  newGrant,
  OTHER_TENANT,
  range,
  refreshedTokens,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const claimingPromises: ConnectionPromises = {
  'leases a live connection with all that a refresh needs': async (stores) => {
    const grant = newGrant()
    await stores.tokens.save(grant)
    const lease = await claimed(stores)
    const { tenantId, provider, label } = lease
    assert.deepEqual({ tenantId, provider, label }, KEY)
    assert.equal(lease.connectionId, grant.connectionId)
    assert.equal(lease.grantId, grant.grantId)
    assert.equal(lease.tokenVersion, 1)
    assert.equal(lease.clientId, grant.clientId)
    assert.deepEqual({ ...lease.tokens }, grant.tokens)
    assert.equal(lease.previousRefreshToken, undefined)
    assert.deepEqual(lease.candidates, [])
    assert.equal(lease.attempt, 1)
    assert.equal(lease.isUncertain, false)
    assert.equal(lease.isSuspect, false)
    assertAbout(lease.remainingMs, HOUR_MS)
  },

  'leases a grant without a refresh token and without a known end': async (stores) => {
    const { tokens } = newGrant()
    await connect(stores, { tokens: { accessToken: tokens.accessToken }, expiresInMs: null })
    const lease = await claimed(stores)
    assert.equal(lease.tokens.refreshToken, undefined)
    assert.equal(lease.remainingMs, null)
  },

  'grants exactly one of twenty claims that come at once': async (stores) => {
    await connect(stores)
    const claims = range(20).map((n) => claimVersion(stores, KEY, 1, { owner: `process-${n}` }))
    const leases = await Promise.all(claims)
    assert.equal(leases.filter((lease) => lease !== undefined).length, 1)
  },

  'shows a running lease in the reading, and counts the attempt before anything is sent': async (stores) => {
    await connect(stores)
    await claimed(stores)
    const reading = await stores.tokens.read(KEY)
    assertAbout(reading?.leaseMs, 2 * MINUTE_MS)
    assertAbout(reading?.nextAttemptMs, 10_000)
    assert.equal(reading?.status, 'active')
  },

  'refuses another claim while a lease runs, though its backoff has ended': async (stores) => {
    await connect(stores)
    await claimed(stores)
    await stores.elapse(MINUTE_MS)
    assert.equal((await stores.tokens.read(KEY))?.nextAttemptMs, 0)
    assert.equal(await tryClaim(stores), undefined)
  },

  'lets a silent owner be taken over once its lease has ended, and calls that uncertain': async (stores) => {
    await connect(stores)
    const silent = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    assert.equal((await stores.tokens.read(KEY))?.leaseMs, 0)
    const takeover = await claimed(stores, KEY, { owner: 'process-2' })
    assert.ok(takeover.epoch > silent.epoch)
    assert.equal(takeover.attempt, 2)
    assert.equal(takeover.isUncertain, true)
    assert.deepEqual({ ...takeover.tokens }, { ...silent.tokens })
  },

  'keeps the doubt of a takeover until tokens are stored': async (stores) => {
    await connect(stores)
    await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    await stores.leases.release(await claimed(stores), { retryInMs: 0 })
    const doubtful = await claimed(stores)
    assert.equal(doubtful.isUncertain, true)
    await stores.leases.store(doubtful, refreshedTokens())
    assert.equal((await claimed(stores)).isUncertain, false)
  },

  'claims only the token version that was seen': async (stores) => {
    await connect(stores)
    assert.equal(await claimVersion(stores, KEY, 0), undefined)
    assert.equal(await claimVersion(stores, KEY, 2), undefined)
    await stores.leases.store(await claimed(stores), refreshedTokens())
    assert.equal(await claimVersion(stores, KEY, 1), undefined)
    assert.equal((await claimVersion(stores, KEY, 2))?.tokenVersion, 2)
  },

  "does not claim another tenant's connection, nor one that is not there": async (stores) => {
    await connect(stores)
    assert.equal(await claimVersion(stores, { ...KEY, tenantId: OTHER_TENANT }, 1), undefined)
    assert.equal(await claimVersion(stores, { ...KEY, label: 'second' }, 1), undefined)
    assert.equal(await claimVersion(stores, { ...KEY, provider: 'tiktok' }, 1), undefined)
    assert.equal((await stores.tokens.read(KEY))?.leaseMs, 0)
  },

  'claims while an account is still to be chosen, and not when a person is needed': async (stores) => {
    await connect(stores, { status: 'pending_account_selection' })
    const lease = await claimed(stores)
    await stores.leases.condemn(lease, 'revoked_or_expired')
    await stores.elapse(2 * HOUR_MS)
    assert.equal((await connectionOf(stores, KEY)).status, 'needs_reauth')
    assert.equal(await tryClaim(stores), undefined)
  },

  'gives a lease that shares no object with the store': async (stores) => {
    const { accessToken } = (await connect(stores), await claimed(stores)).tokens
    await stores.elapse(2 * MINUTE_MS)
    const lease = await claimed(stores)
    Object.assign(lease.tokens, { accessToken: 'changed by the caller' })
    Object.assign(lease, { grantId: 'changed by the caller' })
    await stores.elapse(2 * MINUTE_MS)
    assert.equal((await claimed(stores)).tokens.accessToken, accessToken)
  },
}
