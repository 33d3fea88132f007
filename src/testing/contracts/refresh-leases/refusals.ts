import assert from 'node:assert/strict'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  assertAbout,
  claimed,
  connect,
  connectionOf,
  KEY,
  OTHER_TENANT,
  reconnect,
  refreshedTokens,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const refusalPromises: ConnectionPromises = {
  'keeps everybody from a suspect connection, which stays live, for the time given': async (stores) => {
    await connect(stores)
    await stores.leases.suspect(await claimed(stores), 20 * MINUTE_MS)
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.status, 'active')
    assert.equal(reading.leaseMs, 0)
    assertAbout(reading.nextAttemptMs, 20 * MINUTE_MS)
    await stores.elapse(19 * MINUTE_MS)
    assert.equal(await tryClaim(stores), undefined)
    await stores.elapse(MINUTE_MS)
    const confirming = await claimed(stores)
    assert.equal(confirming.isSuspect, true)
    assert.equal(confirming.isUncertain, false)
  },

  'keeps the suspicion over an attempt that told nothing': async (stores) => {
    await connect(stores)
    await stores.leases.suspect(await claimed(stores), MINUTE_MS)
    await stores.elapse(MINUTE_MS)
    await stores.leases.release(await claimed(stores), { errorCode: 'provider_unavailable', retryInMs: 0 })
    assert.equal((await claimed(stores)).isSuspect, true)
  },

  'heals a suspect connection by a late result': async (stores) => {
    await connect(stores)
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    await stores.leases.suspect(await claimed(stores), HOUR_MS)
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    assert.equal((await stores.tokens.read(KEY))?.nextAttemptMs, 0)
    assert.equal((await claimed(stores)).isSuspect, false)
  },

  "suspects nothing on the word of a stale owner, of another grant's or of another tenant's": async (
    stores,
  ) => {
    const before = await connect(stores)
    const stale = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const holder = await claimed(stores, KEY, { leaseTtlMs: 5 * MINUTE_MS })
    await stores.leases.suspect(stale, HOUR_MS)
    await stores.leases.suspect({ ...holder, tenantId: OTHER_TENANT }, HOUR_MS)
    assertAbout((await stores.tokens.read(KEY))?.leaseMs, 5 * MINUTE_MS)
    await reconnect(stores, before)
    await stores.leases.suspect(holder, HOUR_MS)
    assert.equal((await claimed(stores)).isSuspect, false)
  },

  'suspects nothing when the token that was refused is no longer the current one': async (stores) => {
    await connect(stores)
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const holder = await claimed(stores)
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    await stores.leases.suspect(holder, HOUR_MS)
    assert.equal((await stores.tokens.read(KEY))?.leaseMs, 0)
    assert.equal((await claimed(stores)).isSuspect, false)
  },

  'marks a connection whose refusal is final, with the reason, and ends the lease': async (stores) => {
    await connect(stores)
    assert.equal(await stores.leases.condemn(await claimed(stores), 'rotation_lost'), true)
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.status, 'needs_reauth')
    assert.equal(reading.reauthReason, 'rotation_lost')
    assert.equal(reading.leaseMs, 0)
    const connection = await connectionOf(stores, KEY)
    assert.equal(connection.status, 'needs_reauth')
    assert.equal(connection.reauthReason, 'rotation_lost')
    assert.equal(connection.tokenVersion, 1)
  },

  'marks nothing when the version moved, the lease was taken over, or the grant changed': async (stores) => {
    const before = await connect(stores)
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    const holder = await claimed(stores)
    assert.equal(await stores.leases.condemn(late, 'revoked_or_expired'), false)
    assert.equal(
      await stores.leases.condemn({ ...holder, tenantId: OTHER_TENANT }, 'revoked_or_expired'),
      false,
    )
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    assert.equal(await stores.leases.condemn(holder, 'revoked_or_expired'), false)
    const current = await connectionOf(stores, KEY)
    assert.equal(current.status, 'active')
    assert.equal(current.id, before.id)
    await reconnect(stores, current)
    assert.equal(await stores.leases.condemn(holder, 'revoked_or_expired'), false)
    assert.equal((await stores.tokens.read(KEY))?.status, 'active')
  },

  'heals a condemned connection by a late result of the same grant': async (stores) => {
    await connect(stores)
    const late = await claimed(stores)
    await stores.elapse(2 * MINUTE_MS)
    assert.equal(await stores.leases.condemn(await claimed(stores), 'revoked_or_expired'), true)
    await stores.elapse(DAY_MS)
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    const connection = await connectionOf(stores, KEY)
    assert.equal(connection.status, 'active')
    assert.equal(connection.reauthReason, undefined)
    assert.equal((await stores.tokens.read(KEY))?.reauthReason, undefined)
    await claimed(stores)
  },

  'heals to the account selection that was still open': async (stores) => {
    const { tokens } = stores
    const pending = {
      status: 'pending_account_selection',
      accounts: [
        { id: 'act_1', isUsable: true },
        { id: 'act_2', isUsable: true },
      ],
      selectedAccountId: undefined,
      selectedAccountName: undefined,
    } as const
    await connect(stores, pending)
    const late = await claimed(stores)
    await stores.leases.condemn(late, 'revoked_or_expired')
    assert.equal((await tokens.read(KEY))?.status, 'needs_reauth')
    assert.equal(await stores.leases.store(late, refreshedTokens()), 'stored')
    assert.equal((await tokens.read(KEY))?.status, 'pending_account_selection')
  },

  'leaves a condemned connection by a new consent': async (stores) => {
    await connect(stores)
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    const connection = await reconnect(stores, await connectionOf(stores, KEY))
    assert.equal(connection.status, 'active')
    assert.equal(connection.reauthReason, undefined)
    assert.equal((await claimed(stores)).tokenVersion, 1)
  },
}
