import assert from 'node:assert/strict'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import { assertAbout, connect, connectionOf, KEY, newGrant, TENANT } from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const readingPromises: ConnectionPromises = {
  'reads what a caller needs of a connection in one answer': async (stores) => {
    const grant = newGrant()
    await stores.tokens.save(grant)
    const reading = await stores.tokens.read(KEY)
    assert.ok(reading !== undefined)
    assert.equal(reading.connectionId, grant.connectionId)
    assert.equal(reading.grantId, grant.grantId)
    assert.equal(reading.tokenVersion, 1)
    assert.equal(reading.status, 'active')
    assert.equal(reading.accessToken, grant.tokens.accessToken)
    assertAbout(reading.remainingMs, HOUR_MS)
    assert.equal(reading.lifetimeMs, HOUR_MS)
    assert.equal(reading.leaseMs, 0)
    assert.equal(reading.nextAttemptMs, 0)
    assert.equal(reading.reauthReason, undefined)
    assert.equal(reading.lastErrorCode, undefined)
  },

  'measures the remaining lifetime by its own clock, below zero after the end': async (stores) => {
    await connect(stores)
    await stores.elapse(HOUR_MS - 30_000)
    assertAbout((await stores.tokens.read(KEY))?.remainingMs, 30_000)
    await stores.elapse(MINUTE_MS)
    assertAbout((await stores.tokens.read(KEY))?.remainingMs, -30_000)
  },

  'answers null for the lifetime of a token without a known end': async (stores) => {
    await connect(stores, { expiresInMs: null, refreshExpiresInMs: null, dataAccessExpiresInMs: null })
    await stores.elapse(400 * DAY_MS)
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.remainingMs, null)
    assert.equal(reading?.lifetimeMs, null)
    const connection = await connectionOf(stores, KEY)
    assert.equal(connection.tokenExpiresAt, null)
    assert.equal(connection.refreshExpiresAt, null)
    assert.equal(connection.dataAccessExpiresAt, null)
  },

  'answers undefined for a provider, a label or a tenant that has no connection': async (stores) => {
    await connect(stores)
    assert.equal(await stores.tokens.read({ ...KEY, provider: 'tiktok' }), undefined)
    assert.equal(await stores.tokens.read({ ...KEY, label: 'second' }), undefined)
    assert.deepEqual(await stores.tokens.list(TENANT, { provider: 'klaviyo' }), [])
  },

  'lists by provider and label, disconnected ones included, and filters by both': async (stores) => {
    await connect(stores, { provider: 'tiktok' })
    await connect(stores, { provider: 'meta', label: 'second' })
    await connect(stores, { provider: 'google_ads' })
    await connect(stores, { provider: 'meta' })
    await connect(stores, { provider: 'pinterest' })
    await stores.tokens.disconnect({ ...KEY, provider: 'google_ads' }, { queueForRevocation: false })
    const names = async (filter?: { provider?: string; label?: string }): Promise<string[]> =>
      (await stores.tokens.list(TENANT, filter)).map(({ provider, label }) => `${provider}/${label}`)
    assert.deepEqual(await names(), [
      'google_ads/default',
      'meta/default',
      'meta/second',
      'pinterest/default',
      'tiktok/default',
    ])
    assert.deepEqual(await names({ provider: 'meta' }), ['meta/default', 'meta/second'])
    assert.deepEqual(await names({ label: 'second' }), ['meta/second'])
    assert.deepEqual(await names({ provider: 'meta', label: 'default' }), ['meta/default'])
  },

  'lists a connection as it was saved, without a secret': async (stores) => {
    const grant = newGrant({
      details: {
        tokenKind: 'api_key',
        publicApiKey: 'AbC123',
        audiences: [{ id: 'L1', name: 'Newsletter ☕', kind: 'list', optIn: 'double' }],
        emailListId: 'L1',
      },
    })
    await stores.tokens.save(grant)
    const connection = await connectionOf(stores, KEY)
    const { id, tokenVersion, clientId, status, subject, scopes, accounts, details } = connection
    assert.equal(id, grant.connectionId)
    assert.equal(tokenVersion, 1)
    assert.equal(clientId, grant.clientId)
    assert.equal(status, 'active')
    assert.deepEqual(subject, grant.subject)
    assert.deepEqual(scopes, grant.scopes)
    assert.deepEqual(accounts, grant.accounts)
    assert.deepEqual(details, grant.details)
    assert.equal(connection.selectedAccountId, 'act_1')
    assert.equal(connection.selectedAccountName, 'First')
    assert.ok(connection.lastSyncAt !== null, 'storing tokens is a sync')
    assert.ok(!/c1\.|access of|refresh of/.test(JSON.stringify(connection)), 'nothing sealed is listed')
  },
}
