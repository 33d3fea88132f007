import assert from 'node:assert/strict'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  claimed,
  connect,
  connectionOf,
  KEY,
  newGrant,
  range,
  refreshedTokens,
  sealed,
  TENANT,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const disconnectingPromises: ConnectionPromises = {
  'gives the secrets of a disconnected grant to the revocation queue, and keeps none': async (stores) => {
    const grant = newGrant()
    await stores.tokens.save(grant)
    const retired = await stores.tokens.disconnect(KEY, { queueForRevocation: true })
    assert.ok(retired?.revocation !== undefined)
    const { connectionId, grantId, clientId, subject, tokens } = grant
    assert.equal(retired.connectionId, connectionId)
    assert.deepEqual(
      { ...(await stores.revocations.read(TENANT, retired.revocation)) },
      { ...KEY, connectionId, grantId, tokenVersion: 1, clientId, subject, ...tokens, candidates: [] },
    )
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.status, 'disconnected')
    assert.equal(reading?.accessToken, undefined)
    await stores.elapse(MINUTE_MS)
    const due = await stores.revocations.claimDue(10, MINUTE_MS)
    assert.deepEqual(due, [{ id: retired.revocation, tenantId: TENANT }])
  },

  'gives the candidates of a disconnected grant to the revocation queue as well, as they are sealed': async (
    stores,
  ) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.leases.store(lease, refreshedTokens())
    const candidates = [
      { id: 'candidate-1', parentVersion: 1, accessToken: sealed('a'), refreshToken: sealed('r') },
      { id: 'candidate-2', parentVersion: 1, accessToken: sealed('only access') },
    ]
    for (const candidate of candidates) await stores.leases.keepCandidate(lease, candidate)
    const retired = await stores.tokens.disconnect(KEY, { queueForRevocation: true })
    const queued = await stores.revocations.read(TENANT, retired?.revocation ?? '')
    assert.deepEqual(queued?.candidates, candidates)
    assert.equal(queued.tokenVersion, 2)
  },

  'forgets who granted and what the grant reached': async (stores) => {
    await connect(stores)
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    const connection = await connectionOf(stores, KEY)
    assert.deepEqual(
      [connection.subject, connection.selectedAccountId, connection.selectedAccountName],
      [undefined, undefined, undefined],
    )
    assert.deepEqual([connection.scopes, connection.accounts, connection.details], [[], [], {}])
  },

  'queues nothing when told not to': async (stores) => {
    await connect(stores)
    const retired = await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    assert.ok(retired !== undefined && retired.revocation === undefined)
    await stores.elapse(HOUR_MS)
    assert.deepEqual(await stores.revocations.claimDue(10, MINUTE_MS), [])
  },

  'disconnects a connection that needs a person as well': async (stores) => {
    await connect(stores)
    await stores.leases.condemn(await claimed(stores), 'revoked_or_expired')
    assert.ok((await stores.tokens.disconnect(KEY, { queueForRevocation: true }))?.revocation !== undefined)
    const connection = await connectionOf(stores, KEY)
    assert.equal(connection.status, 'disconnected')
    assert.equal(connection.reauthReason, undefined)
  },

  'answers undefined where nothing is live': async (stores) => {
    assert.equal(await stores.tokens.disconnect(KEY, { queueForRevocation: true }), undefined)
    await connect(stores)
    await stores.tokens.disconnect(KEY, { queueForRevocation: true })
    assert.equal(await stores.tokens.disconnect(KEY, { queueForRevocation: true }), undefined)
  },

  'is done by exactly one of twenty that disconnect at once': async (stores) => {
    await connect(stores)
    const results = await Promise.all(
      range(20).map(() => stores.tokens.disconnect(KEY, { queueForRevocation: true })),
    )
    assert.equal(results.filter((retired) => retired !== undefined).length, 1)
    await stores.elapse(MINUTE_MS)
    assert.equal((await stores.revocations.claimDue(50, MINUTE_MS)).length, 1)
  },

  'is final for its grant: no claim, no late result, no candidate, no verdict brings it back': async (
    stores,
  ) => {
    await connect(stores)
    const lease = await claimed(stores)
    const { tokenVersion } = lease
    await stores.tokens.disconnect(KEY, { queueForRevocation: false })
    const gone = await connectionOf(stores, KEY)
    assert.equal(await stores.leases.store(lease, refreshedTokens()), 'grant_gone')
    const { writeId: id, tokens } = refreshedTokens()
    await stores.leases.keepCandidate(lease, { id, parentVersion: tokenVersion, ...tokens })
    await stores.leases.release(lease, { errorCode: 'provider_unavailable' })
    await stores.leases.suspect(lease, MINUTE_MS)
    assert.equal(await stores.leases.condemn(lease, 'revoked_or_expired'), false)
    assert.deepEqual(await connectionOf(stores, KEY), gone)
    await stores.elapse(HOUR_MS)
    assert.equal(await tryClaim(stores), undefined)
    assert.equal((await stores.tokens.read(KEY))?.accessToken, undefined)
  },

  'leaves queued revocations behind when the tenant is deleted': async (stores) => {
    const { grantId } = await connect(stores)
    const retired = await stores.tokens.disconnect(KEY, { queueForRevocation: true })
    assert.equal(await stores.tokens.deleteTenant(TENANT), 1)
    assert.ok(retired?.revocation !== undefined)
    assert.equal((await stores.revocations.read(TENANT, retired.revocation))?.grantId, grantId)
  },
}
