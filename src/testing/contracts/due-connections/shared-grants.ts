import assert from 'node:assert/strict'
import type { GrantOwner } from '../../../ports/due-connections.ts'
import { claimed, connect, KEY, OTHER_TENANT, TENANT } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

function owner(changes: Partial<GrantOwner> = {}): GrantOwner {
  return {
    provider: 'meta',
    clientId: 'client-1',
    subject: { issuer: 'https://provider.example', id: 'person-1' },
    ...changes,
  }
}

export const sharedGrantPromises: ConnectionPromises = {
  'names the connections of one person to one app, of any tenant, until they are disconnected': async (
    stores,
  ) => {
    const others = { ...KEY, tenantId: OTHER_TENANT }
    await connect(stores)
    assert.deepEqual(await stores.due.connectionsOf(owner()), [{ ...KEY, isLive: true }])
    await connect(stores, { tenantId: OTHER_TENANT, status: 'pending_account_selection' })
    const both = await stores.due.connectionsOf(owner())
    assert.deepEqual(new Set(both.map(({ tenantId }) => tenantId)), new Set([TENANT, OTHER_TENANT]))
    await stores.tokens.disconnect(others, { queueForRevocation: false })
    assert.deepEqual(await stores.due.connectionsOf(owner()), [{ ...KEY, isLive: true }])
  },

  'tells one that needs a person from one that is served': async (stores) => {
    await connect(stores)
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    assert.deepEqual(await stores.due.connectionsOf(owner()), [{ ...KEY, isLive: false }])
  },

  'counts the same tenant under another label, and whatever name the person has': async (stores) => {
    await connect(stores)
    const subject = { issuer: 'https://provider.example', id: 'person-1', name: 'Ada L.' }
    await connect(stores, { label: 'second', subject })
    assert.equal((await stores.due.connectionsOf(owner())).length, 2)
  },

  'takes another person, issuer, app or provider for another grant': async (stores) => {
    await connect(stores)
    const { issuer } = owner().subject
    const elsewhere = { issuer: 'https://elsewhere.example', id: 'person-1' }
    for (const other of [
      { subject: { issuer, id: 'person-2' } },
      { subject: elsewhere },
      { clientId: 'client-2' },
      { provider: 'tiktok' },
    ]) {
      assert.deepEqual(await stores.due.connectionsOf(owner(other)), [])
    }
  },

  'never takes a person who is not known for anybody': async (stores) => {
    await connect(stores, { subject: undefined })
    assert.deepEqual(await stores.due.connectionsOf(owner()), [])
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    await stores.tokens.deleteTenant(TENANT)
    assert.deepEqual(await stores.due.connectionsOf(owner()), [])
  },
}
