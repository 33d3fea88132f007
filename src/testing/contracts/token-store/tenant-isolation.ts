import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { connect, connectionOf, KEY, newGrant, OTHER_TENANT, TENANT } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

const OTHER_KEY = { ...KEY, tenantId: OTHER_TENANT }

export const tenantIsolationPromises: ConnectionPromises = {
  "neither reads nor lists another tenant's connection": async (stores) => {
    await connect(stores)
    assert.equal(await stores.tokens.read(OTHER_KEY), undefined)
    assert.deepEqual(await stores.tokens.list(OTHER_TENANT), [])
  },

  "does not change another tenant's connection, whatever else of it is right": async (stores) => {
    const connection = await connect(stores)
    const stolen = { ...connection, tenantId: OTHER_TENANT }
    assert.equal(await stores.tokens.change(stolen, { selectedAccountName: 'x' }), false)
    assert.deepEqual(await connectionOf(stores, KEY), connection)
  },

  "neither disconnects nor deletes nor counts another tenant's connection": async (stores) => {
    const connection = await connect(stores)
    assert.equal(await stores.tokens.disconnect(OTHER_KEY, { queueForRevocation: true }), undefined)
    assert.equal(await stores.tokens.deleteTenant(OTHER_TENANT), 0)
    assert.deepEqual(await connectionOf(stores, KEY), connection)
  },

  "does not save over another tenant's connection, even with its ids": async (stores) => {
    const connection = await connect(stores)
    const grant = newGrant({ tenantId: OTHER_TENANT, connectionId: connection.id })
    assert.equal(
      (await stores.tokens.save(grant, { expected: connection, queueForRevocation: true })).saved,
      false,
    )
    assert.deepEqual(await connectionOf(stores, KEY), connection)
    assert.deepEqual(await stores.tokens.list(OTHER_TENANT), [])
  },

  'keeps two tenants apart even where every id is the same': async (stores) => {
    const ids = { connectionId: randomUUID(), grantId: randomUUID() }
    const mine = await connect(stores, ids)
    await connect(stores, { ...ids, tenantId: OTHER_TENANT })
    await stores.tokens.disconnect(OTHER_KEY, { queueForRevocation: false })
    assert.equal((await stores.tokens.read(OTHER_KEY))?.status, 'disconnected')
    assert.deepEqual(await connectionOf(stores, KEY), mine)
  },

  'deletes the disconnected connections of a tenant, and says how many there were': async (stores) => {
    const live = await connect(stores)
    for (const label of ['second', 'third']) {
      await connect(stores, { label })
      await stores.tokens.disconnect({ ...KEY, label }, { queueForRevocation: false })
    }
    await connect(stores, { tenantId: OTHER_TENANT })
    await stores.tokens.disconnect(OTHER_KEY, { queueForRevocation: false })
    assert.equal(await stores.tokens.deleteTenant(TENANT), 2)
    assert.deepEqual(await stores.tokens.list(TENANT), [live])
    assert.equal(await stores.tokens.deleteTenant(TENANT), 0)
    assert.equal((await stores.tokens.list(OTHER_TENANT)).length, 1)
  },

  'tells apart tenants whose ids look alike': async (stores) => {
    const lookAlikes = ['tenant-a ', 'Tenant-a', 'tenant-\u0430', 'caf\u00e9', 'cafe\u0301', "a' or '1'='1"]
    for (const [index, text] of lookAlikes.entries()) {
      const tenantId = parseTenantId(text)
      await connect(stores, { tenantId, clientId: `client-${index}` })
      assert.equal((await connectionOf(stores, { ...KEY, tenantId })).clientId, `client-${index}`)
    }
    assert.equal(await stores.tokens.read(KEY), undefined)
  },
}
