import assert from 'node:assert/strict'
import type { Connection } from '../../../domain/model/connection.ts'
import { DAY_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  assertAbout,
  claimed,
  connect,
  connectionOf,
  KEY,
  range,
  reconnect,
  refreshedTokens,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const changingPromises: ConnectionPromises = {
  'changes what a patch names and nothing else': async (stores) => {
    const before = await connect(stores, { status: 'pending_account_selection' })
    const patch = { status: 'active', selectedAccountId: 'act_2', selectedAccountName: null } as const
    assert.equal(await stores.tokens.change(before, patch), true)
    const after = await connectionOf(stores, KEY)
    const { selectedAccountName: _name, ...rest } = before
    const { rowVersion, updatedAt } = after
    assert.deepEqual(after, {
      ...rest,
      status: 'active',
      selectedAccountId: 'act_2',
      rowVersion,
      updatedAt,
    })
    assert.ok(!('selectedAccountName' in after), 'what was cleared is absent')
  },

  'replaces accounts and details as a whole': async (stores) => {
    const before = await connect(stores)
    const patch = { accounts: [{ id: 'act_9', isUsable: true }], details: { emailListId: 'L1' } }
    assert.equal(await stores.tokens.change(before, patch), true)
    const { accounts, details } = await connectionOf(stores, KEY)
    assert.deepEqual({ accounts, details }, patch)
  },

  'notes the version that was refused, until there is a new consent': async (stores) => {
    const before = await connect(stores)
    assert.equal(await stores.tokens.change(before, { rejectedVersion: 1 }), true)
    await stores.leases.store(await claimed(stores), refreshedTokens())
    const after = await connectionOf(stores, KEY)
    assert.deepEqual([after.tokenVersion, after.rejectedVersion], [2, 1])
    assert.ok(!('rejectedVersion' in (await reconnect(stores, after))))
  },

  'sets and clears the end of access to data': async (stores) => {
    const before = await connect(stores, { dataAccessExpiresInMs: null })
    assert.equal(await stores.tokens.change(before, { dataAccessExpiresInMs: DAY_MS }), true)
    const limited = await connectionOf(stores, KEY)
    assertAbout((limited.dataAccessExpiresAt ?? NaN) - limited.connectedAt, DAY_MS + 5_000)
    assert.equal(await stores.tokens.change(limited, { dataAccessExpiresInMs: null }), true)
    assert.equal((await connectionOf(stores, KEY)).dataAccessExpiresAt, null)
  },

  'counts a verification as a sync, and nothing else': async (stores) => {
    await connect(stores)
    await stores.elapse(10 * MINUTE_MS)
    const connected = await connectionOf(stores, KEY)
    assert.equal(await stores.tokens.change(connected, { selectedAccountName: 'Renamed' }), true)
    const unverified = await connectionOf(stores, KEY)
    assert.equal(unverified.lastSyncAt, connected.lastSyncAt)
    assert.equal(await stores.tokens.change(unverified, { isVerified: true }), true)
    const verified = await connectionOf(stores, KEY)
    assertAbout((connected.lastSyncAt ?? NaN) - (verified.lastSyncAt ?? NaN), -10 * MINUTE_MS)
  },

  'lets exactly one of twenty changes of the same reading win': async (stores) => {
    const connection = await connect(stores)
    const results = await Promise.all(
      range(20).map((n) => stores.tokens.change(connection, { selectedAccountName: `name ${n}` })),
    )
    assert.equal(results.filter((won) => won).length, 1)
    const name = (await connectionOf(stores, KEY)).selectedAccountName
    assert.equal(name, `name ${results.indexOf(true)}`)
  },

  'refuses a change of a grant that was replaced, and of one that is gone': async (stores) => {
    const first = await connect(stores)
    const second = await reconnect(stores, first)
    const lookAlike: Connection = { ...second, grantId: first.grantId }
    assert.equal(await stores.tokens.change(first, { selectedAccountName: 'x' }), false)
    assert.equal(await stores.tokens.change(lookAlike, { selectedAccountName: 'x' }), false)
    assert.deepEqual(await connectionOf(stores, KEY), second)
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    await stores.tokens.deleteTenant(KEY.tenantId)
    assert.equal(await stores.tokens.change(second, { selectedAccountName: 'x' }), false)
  },

  'neither disturbs a refresh in flight nor is disturbed by one': async (stores) => {
    const before = await connect(stores)
    const lease = await claimed(stores)
    assert.equal(await stores.tokens.change(before, { selectedAccountId: 'act_2' }), true)
    const between = await connectionOf(stores, KEY)
    assert.equal(between.tokenVersion, 1)
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'stored')
    assert.equal(await stores.tokens.change(between, { selectedAccountName: 'Second' }), true)
    const after = await connectionOf(stores, KEY)
    assert.equal(after.tokenVersion, 2)
    assert.equal(after.selectedAccountId, 'act_2')
    assert.equal(after.selectedAccountName, 'Second')
  },

  'refuses a change that was made without knowing that the connection needs a person': async (stores) => {
    const before = await connect(stores, { status: 'pending_account_selection' })
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    assert.equal(await stores.tokens.change(before, { status: 'active' }), false)
    assert.equal((await stores.tokens.read(KEY))?.status, 'needs_reauth')
  },
}
