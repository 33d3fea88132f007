import assert from 'node:assert/strict'
import type { Connection } from '../../../domain/model/connection.ts'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import type { RevocationId } from '../../../ports/pending-revocations.ts'
import type { Replacement, SaveOutcome } from '../../../ports/token-store.ts'
import {
  claimed,
  connect,
  connectionOf,
  KEY,
  newGrant,
  NOBODY,
  range,
  reconnect,
  refreshedTokens,
  sealed,
  TENANT,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

export const connectingPromises: ConnectionPromises = {
  'saves exactly one of twenty first consents that come at once': async (stores) => {
    const grants = range(20).map(() => newGrant())
    const outcomes = await Promise.all(grants.map((grant) => stores.tokens.save(grant)))
    const winners = grants.filter((_, index) => outcomes[index]?.saved === true)
    assert.equal(winners.length, 1)
    const { id, grantId } = await connectionOf(stores, KEY)
    assert.equal(id, winners[0]?.connectionId)
    assert.equal(grantId, winners[0]?.grantId)
    assert.equal((await stores.tokens.list(TENANT)).length, 1)
  },

  'shares no object with its callers, neither going in nor coming out': async (stores) => {
    const scopes = ['ads_read']
    const accounts = [{ id: 'act_1', name: 'First', isUsable: true }]
    const saving = stores.tokens.save(newGrant({ scopes, accounts }))
    scopes.push('changed by the caller')
    accounts.pop()
    await saving
    const listed = await connectionOf(stores, KEY)
    assert.deepEqual(listed.scopes, ['ads_read'])
    assert.equal(listed.accounts.length, 1)
    Object.assign(listed.accounts[0] ?? {}, { name: 'changed by the reader' })
    Object.assign(listed, { status: 'disconnected' })
    const again = await connectionOf(stores, KEY)
    assert.equal(again.accounts[0]?.name, 'First')
    assert.equal(again.status, 'active')
  },

  'saves a new consent over the connection that was read before it, as token version 1 of a new grant':
    async (stores) => {
      const before = await connect(stores)
      await stores.leases.store(await claimed(stores), refreshedTokens())
      const current = await connectionOf(stores, KEY)
      const grant = newGrant({
        connectionId: before.id,
        status: 'pending_account_selection',
        clientId: 'client-2',
      })
      assert.equal((await stores.tokens.save(grant, over(current))).saved, true)
      const after = await connectionOf(stores, KEY)
      assert.equal(after.id, before.id)
      assert.equal(after.grantId, grant.grantId)
      assert.equal(after.tokenVersion, 1)
      assert.equal(after.clientId, 'client-2')
      assert.equal(after.status, 'pending_account_selection')
      assert.notEqual(after.rowVersion, before.rowVersion)
      assert.equal((await stores.tokens.read(KEY))?.accessToken, grant.tokens.accessToken)
    },

  'saves nothing when a connection appeared, changed, was replaced or went since it was read': async (
    stores,
  ) => {
    const { tokens } = stores
    const first = await connect(stores)
    const attempt = newGrant({ connectionId: first.id })
    assert.deepEqual(await tokens.save(attempt), { saved: false })
    assert.equal(await tokens.change(first, { selectedAccountName: 'x' }), true)
    assert.deepEqual(await tokens.save(attempt, over(first)), { saved: false })
    const changed = await connectionOf(stores, KEY)
    const second = await reconnect(stores, changed)
    assert.deepEqual(await tokens.save(attempt, over(changed)), { saved: false })
    await tokens.disconnect(KEY, { queueForRevocation: false })
    assert.deepEqual(await tokens.save(attempt, over(second)), { saved: false })
    await tokens.deleteTenant(TENANT)
    assert.deepEqual(await tokens.save(attempt, over(second)), { saved: false })
    assert.deepEqual(await tokens.list(TENANT), [])
  },

  'saves exactly one of twenty consents over the same connection': async (stores) => {
    const existing = await connect(stores)
    const outcomes = await Promise.all(
      range(20).map(() => stores.tokens.save(newGrant({ connectionId: existing.id }), over(existing))),
    )
    assert.equal(outcomes.filter(({ saved }) => saved).length, 1)
  },

  'ends lease, doubts, errors and backoff of the grant before': async (stores) => {
    await connect(stores)
    const lease = await claimed(stores)
    await stores.leases.keepCandidate(lease, {
      id: '11111111-1111-4111-8111-111111111111',
      parentVersion: 1,
      accessToken: sealed('candidate'),
    })
    await stores.leases.release(lease, {
      errorCode: 'provider_unavailable',
      retryInMs: HOUR_MS,
      isUncertain: true,
    })
    await reconnect(stores, await connectionOf(stores, KEY))
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.nextAttemptMs, 0)
    assert.equal(reading?.leaseMs, 0)
    assert.equal(reading?.lastErrorCode, undefined)
    assert.equal((await connectionOf(stores, KEY)).lastErrorCode, undefined)
    const next = await tryClaim(stores)
    assert.equal(next?.attempt, 1)
    assert.equal(next?.isUncertain, false)
    assert.deepEqual(next?.candidates, [])
    assert.equal(next?.previousRefreshToken, undefined)
  },

  'moves a replaced grant to the revocation queue when asked to, its candidates included': async (stores) => {
    const first = newGrant()
    await stores.tokens.save(first)
    const lease = await claimed(stores)
    const rotated = refreshedTokens()
    await stores.leases.store(lease, rotated)
    const candidate = { id: NOBODY, parentVersion: 1, accessToken: sealed('a'), refreshToken: sealed('r') }
    await stores.leases.keepCandidate(lease, candidate)
    const current = await connectionOf(stores, KEY)
    const outcome = await stores.tokens.save(newGrant({ connectionId: first.connectionId }), over(current))
    assert.ok(outcome.saved && outcome.revocation !== undefined)
    const { revocation } = outcome
    assert.deepEqual(
      { ...(await stores.revocations.read(TENANT, revocation)) },
      {
        ...KEY,
        connectionId: first.connectionId,
        grantId: first.grantId,
        tokenVersion: 2,
        clientId: first.clientId,
        subject: first.subject,
        ...rotated.tokens,
        candidates: [candidate],
      },
    )
    await stores.elapse(MINUTE_MS)
    assert.deepEqual(await stores.revocations.claimDue(10, MINUTE_MS), [{ id: revocation, tenantId: TENANT }])
  },

  'queues nothing of a first consent, of a disconnected connection, or when not asked to': async (stores) => {
    const { tokens } = stores
    assert.equal(await queuedBy(tokens.save(newGrant())), undefined)
    const first = await connectionOf(stores, KEY)
    const next = newGrant({ connectionId: first.id })
    const unqueued = { expected: first, queueForRevocation: false }
    assert.equal(await queuedBy(tokens.save(next, unqueued)), undefined)
    await tokens.disconnect(KEY, { queueForRevocation: false })
    const gone = await connectionOf(stores, KEY)
    assert.equal(await queuedBy(tokens.save(newGrant({ connectionId: first.id }), over(gone))), undefined)
    assert.equal((await connectionOf(stores, KEY)).status, 'active')
    await stores.elapse(HOUR_MS)
    assert.deepEqual(await stores.revocations.claimDue(10, MINUTE_MS), [])
  },
}

/** A consent over a connection whose grant is to be revoked. */
function over(expected: Connection): Replacement {
  return { expected, queueForRevocation: true }
}

async function queuedBy(saving: Promise<SaveOutcome>): Promise<RevocationId | undefined> {
  const outcome = await saving
  assert.ok(outcome.saved)
  return outcome.revocation
}
