import assert from 'node:assert/strict'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../domain/model/time.ts'
import { KEY, NOBODY, OTHER_TENANT, range, retiredGrant, sealed, TENANT } from './connection-fixtures.ts'
import { registerPromises } from './register-promises.ts'
import type { ConnectionPromises, OpenConnectionStores } from './connection-stores.ts'
import type { RegisterTest } from './register-test.ts'

/** What every PendingRevocations promises, with the stores that share its database. */
export function pendingRevocationsContract(test: RegisterTest, open: OpenConnectionStores): void {
  registerPromises(test, open, [keeping, claiming, settling])
}

const keeping: ConnectionPromises = {
  'keeps a retired grant as it was given, for its tenant alone': async ({ revocations }) => {
    const candidate = { id: NOBODY, parentVersion: 2, accessToken: sealed('late') }
    const grant = retiredGrant({ candidates: [candidate] })
    const id = await revocations.add(grant)
    assert.deepEqual({ ...(await revocations.read(TENANT, id)) }, grant)
    assert.equal(await revocations.read(OTHER_TENANT, id), undefined)
    assert.equal(await revocations.read(TENANT, NOBODY), undefined)
  },

  'keeps a grant of which only the access token or nobody is known': async ({ revocations }) => {
    const { subject: _subject, refreshToken: _refreshToken, ...grant } = retiredGrant()
    const kept = await revocations.read(TENANT, await revocations.add(grant))
    assert.equal(kept?.accessToken, grant.accessToken)
    assert.equal(kept?.refreshToken, undefined)
    assert.equal(kept?.subject, undefined)
  },

  'shares no object with its callers': async ({ revocations }) => {
    const grant = retiredGrant({ subject: { issuer: 'https://provider.example', id: 'person-1' } })
    const adding = revocations.add(grant)
    Object.assign(grant.subject ?? {}, { id: 'changed by the caller' })
    const id = await adding
    Object.assign((await revocations.read(TENANT, id)) ?? {}, {
      accessToken: sealed('changed by the reader'),
    })
    const again = await revocations.read(TENANT, id)
    assert.equal(again?.subject?.id, 'person-1')
    assert.equal(again.accessToken, retiredGrant().accessToken)
  },

  'queues the same grant twice under two ids': async ({ revocations }) => {
    const ids = [await revocations.add(retiredGrant()), await revocations.add(retiredGrant())]
    assert.equal(new Set(ids).size, 2)
  },
}

const claiming: ConnectionPromises = {
  'hands out what is due, of any tenant, without a secret': async (stores) => {
    const { revocations } = stores
    const mine = await revocations.add(retiredGrant())
    const others = await revocations.add(retiredGrant({ ...KEY, tenantId: OTHER_TENANT }))
    await stores.elapse(MINUTE_MS)
    const due = await revocations.claimDue(10, MINUTE_MS)
    const expected = [
      { id: mine, tenantId: TENANT },
      { id: others, tenantId: OTHER_TENANT },
    ]
    assert.deepEqual(byId(due), byId(expected))
  },

  'gives each entry to exactly one of twenty that ask at once': async (stores) => {
    const { revocations } = stores
    for (const _ of range(10)) await revocations.add(retiredGrant())
    await stores.elapse(MINUTE_MS)
    const batches = await Promise.all(range(20).map(() => revocations.claimDue(2, HOUR_MS)))
    const rest = await revocations.claimDue(50, HOUR_MS)
    const ids = [...batches.flat(), ...rest].map(({ id }) => id)
    assert.equal(ids.length, 10)
    assert.equal(new Set(ids).size, 10)
    assert.ok(batches.every((batch) => batch.length <= 2))
  },

  'hands an entry out again when whoever took it fell silent': async (stores) => {
    const { revocations } = stores
    const id = await revocations.add(retiredGrant())
    await stores.elapse(MINUTE_MS)
    assert.equal((await revocations.claimDue(10, 5 * MINUTE_MS)).length, 1)
    await stores.elapse(4 * MINUTE_MS)
    assert.deepEqual(await revocations.claimDue(10, 5 * MINUTE_MS), [])
    await stores.elapse(MINUTE_MS)
    assert.deepEqual(await revocations.claimDue(10, 5 * MINUTE_MS), [{ id, tenantId: TENANT }])
  },
}

const settling: ConnectionPromises = {
  'removes what is done': async (stores) => {
    const { revocations } = stores
    const id = await revocations.add(retiredGrant())
    await revocations.settle(TENANT, id, { done: true })
    assert.equal(await revocations.read(TENANT, id), undefined)
    await stores.elapse(HOUR_MS)
    assert.deepEqual(await revocations.claimDue(10, MINUTE_MS), [])
    await revocations.settle(TENANT, id, { done: true })
  },

  'lets fall due again what could not be done': async (stores) => {
    const { revocations } = stores
    const id = await revocations.add(retiredGrant())
    await stores.elapse(MINUTE_MS)
    await revocations.claimDue(10, MINUTE_MS)
    await revocations.settle(TENANT, id, { done: false, retryInMs: 10 * MINUTE_MS })
    await stores.elapse(9 * MINUTE_MS)
    assert.deepEqual(await revocations.claimDue(10, MINUTE_MS), [])
    await stores.elapse(MINUTE_MS)
    assert.equal((await revocations.claimDue(10, MINUTE_MS)).length, 1)
  },

  "settles nothing of another tenant's": async (stores) => {
    const { revocations } = stores
    const grant = retiredGrant()
    const id = await revocations.add(grant)
    await revocations.settle(OTHER_TENANT, id, { done: true })
    await revocations.settle(OTHER_TENANT, id, { done: false, retryInMs: DAY_MS })
    assert.deepEqual({ ...(await revocations.read(TENANT, id)) }, grant)
    await stores.elapse(MINUTE_MS)
    assert.equal((await revocations.claimDue(10, MINUTE_MS)).length, 1)
  },

  'gives up after thirty days of trying, not before': async (stores) => {
    const { revocations } = stores
    const id = await revocations.add(retiredGrant())
    await stores.elapse(29 * DAY_MS)
    await revocations.claimDue(10, MINUTE_MS)
    await revocations.settle(TENANT, id, { done: false, retryInMs: HOUR_MS })
    assert.ok((await revocations.read(TENANT, id)) !== undefined)
    await stores.elapse(DAY_MS)
    await revocations.claimDue(10, MINUTE_MS)
    await revocations.settle(TENANT, id, { done: false, retryInMs: HOUR_MS })
    assert.equal(await revocations.read(TENANT, id), undefined)
  },
}

function byId(entries: readonly { readonly id: string; readonly tenantId: string }[]): unknown {
  return entries.map(({ id, tenantId }) => `${id} ${tenantId}`).sort()
}
