import assert from 'node:assert/strict'
import type { SharedGrantQuestion } from '../../../ports/due-connections.ts'
import { connect, KEY, NOBODY, OTHER_TENANT, TENANT } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

function question(changes: Partial<SharedGrantQuestion> = {}): SharedGrantQuestion {
  return {
    provider: 'meta',
    clientId: 'client-1',
    subject: { issuer: 'https://provider.example', id: 'person-1' },
    exceptConnectionId: NOBODY,
    ...changes,
  }
}

export const sharedGrantPromises: ConnectionPromises = {
  'finds another live connection of the same person to the same app, of any tenant': async (stores) => {
    const mine = await connect(stores)
    assert.equal(await stores.due.isGrantShared(question({ exceptConnectionId: mine.id })), false)
    const others = await connect(stores, { tenantId: OTHER_TENANT, status: 'pending_account_selection' })
    assert.equal(await stores.due.isGrantShared(question({ exceptConnectionId: mine.id })), true)
    assert.equal(await stores.due.isGrantShared(question({ exceptConnectionId: others.id })), true)
    await stores.tokens.disconnect({ ...KEY, tenantId: OTHER_TENANT }, false)
    assert.equal(await stores.due.isGrantShared(question({ exceptConnectionId: mine.id })), false)
  },

  'counts the same tenant under another label, and whatever name the person has': async (stores) => {
    const mine = await connect(stores)
    const subject = { issuer: 'https://provider.example', id: 'person-1', name: 'Ada L.' }
    await connect(stores, { label: 'second', subject })
    assert.equal(await stores.due.isGrantShared(question({ exceptConnectionId: mine.id })), true)
    assert.equal(await stores.due.isGrantShared(question()), true)
  },

  'takes another person, issuer, app or provider for another grant': async (stores) => {
    await connect(stores)
    const { issuer } = question().subject
    assert.equal(await stores.due.isGrantShared(question({ subject: { issuer, id: 'person-2' } })), false)
    const elsewhere = { issuer: 'https://elsewhere.example', id: 'person-1' }
    assert.equal(await stores.due.isGrantShared(question({ subject: elsewhere })), false)
    assert.equal(await stores.due.isGrantShared(question({ clientId: 'client-2' })), false)
    assert.equal(await stores.due.isGrantShared(question({ provider: 'tiktok' })), false)
  },

  'never takes a person who is not known for anybody': async (stores) => {
    await connect(stores, { subject: undefined })
    assert.equal(await stores.due.isGrantShared(question()), false)
    await stores.tokens.deleteTenant(TENANT)
    assert.equal(await stores.due.isGrantShared(question()), false)
  },
}
