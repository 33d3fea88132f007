import assert from 'node:assert/strict'
import { parseTenantId } from '../../../domain/model/identifiers.ts'
import { turnSpacingMs } from '../../../domain/model/request-budget.ts'
import { HOUR_MS, SECOND_MS } from '../../../domain/model/time.ts'
import type { DueRequest } from '../../../ports/due-connections.ts'
import { APP, assertAbout, claimed, claimRequest, connect, KEY, range } from '../connection-fixtures.ts'
import type { ConnectionPromises, ConnectionStores } from '../connection-stores.ts'
import { dueRequest, leaseDue } from '../due-connections/claiming-due.ts'
import { pauseIn } from './suspensions.ts'

/** A turn a minute or so: slow enough for a test to look at. */
const SLOW = { ...APP, requestsPerSecond: 1 / 64 }
const TURN_MS = turnSpacingMs(SLOW.requestsPerSecond)

export const budgetPromises: ConnectionPromises = {
  'gives turns one after the other, at the rate of the app, whoever asks': async (stores) => {
    const taken = await Promise.all(range(5).map(() => waitFor(stores, HOUR_MS)))
    for (const [place, waitMs] of taken.sort((a, b) => a - b).entries()) {
      assertAbout(waitMs, place * TURN_MS)
    }
  },

  'leaves a twentieth more between turns than the rate asks for, so that one that is late shares no second with too many':
    async (stores) => {
      const app = { ...APP, requestsPerSecond: 1 / 512 }
      assert.deepEqual(await stores.apps.takeTurn(app, 0), { waitMs: 0 })
      const next = await stores.apps.takeTurn(app, HOUR_MS)
      assertAbout('waitMs' in next ? next.waitMs : undefined, 512 * 1.05 * SECOND_MS)
    },

  'does not save up turns that nobody took': async (stores) => {
    assert.equal(await waitFor(stores, HOUR_MS), 0)
    await stores.elapse(10 * TURN_MS)
    assert.equal(await waitFor(stores, HOUR_MS), 0)
    assertAbout(await waitFor(stores, HOUR_MS), TURN_MS)
  },

  'gives no turn that is too far off, and says when one will be near enough': async (stores) => {
    for (const _ of range(3)) await waitFor(stores, HOUR_MS)
    const refused = await stores.apps.takeTurn(SLOW, TURN_MS)
    assert.ok('reason' in refused)
    assert.equal(refused.reason, 'budget')
    assertAbout(refused.forMs, 2 * TURN_MS)
    await stores.elapse(2 * TURN_MS)
    assertAbout(await waitFor(stores, TURN_MS), TURN_MS)
  },

  'gives no turn while the app is suspended': async (stores) => {
    await stores.apps.suspend(SLOW, { reason: 'rate_limited', forMs: TURN_MS })
    const refused = await stores.apps.takeTurn(SLOW, HOUR_MS)
    assert.ok('reason' in refused)
    assert.equal(refused.reason, 'rate_limited')
    await stores.elapse(TURN_MS)
    assert.equal(await waitFor(stores, HOUR_MS), 0)
  },

  'answers a claim that would wait too long for its turn, and neither claims nor counts': async (stores) => {
    await connect(stores)
    for (const _ of range(3)) await waitFor(stores, HOUR_MS)
    const request = claimRequest({ app: SLOW, maxWaitMs: TURN_MS })
    const pause = pauseIn(await stores.leases.claim(KEY, 1, request))
    assert.equal(pause.reason, 'budget')
    assertAbout(pause.forMs, 2 * TURN_MS)
    assert.equal((await stores.tokens.read(KEY))?.nextAttemptMs, 0)
    await stores.elapse(2 * TURN_MS)
    assert.equal((await claimed(stores, KEY, request)).attempt, 1)
  },

  'claims by itself take no turn': async (stores) => {
    await connect(stores)
    await claimed(stores, KEY, { app: SLOW, maxWaitMs: 0 })
    assert.equal(await waitFor(stores, 0), 0)
  },

  'an app without a budget does not wait for the turns of one that has': async (stores) => {
    await connect(stores, { dueInMs: 0 })
    for (const _ of range(3)) await waitFor(stores, HOUR_MS)
    assert.equal((await leaseDue(stores)).length, 1)
  },

  'leases no more of what is due than there are turns soon, and all of other apps': async (stores) => {
    for (const n of range(6)) {
      const tenantId = parseTenantId(`tenant-${n}`)
      await connect(stores, { tenantId, dueInMs: 0 })
      await connect(stores, { tenantId, provider: 'tiktok', dueInMs: 0 })
    }
    const request = soonDue({ limit: 20, maxWaitMs: 3 * TURN_MS })
    const first = await stores.due.claimDue(request)
    assert.deepEqual(namesOf(first.leases), ['meta', 'meta', 'meta', ...range(6).map(() => 'tiktok')])
    assertAbout(first.heldBackMs, TURN_MS)
    for (const _ of range(3)) await waitFor(stores, HOUR_MS)
    const second = await stores.due.claimDue(soonDue({ limit: 20, maxWaitMs: 2 * TURN_MS }))
    assert.deepEqual(second.leases, [])
    assertAbout(second.heldBackMs, TURN_MS)
    await stores.elapse(3 * TURN_MS)
    assert.equal((await stores.due.claimDue(request)).leases.length, 3)
  },

  'leases one of what is due where the rate is slower than the wait, and stops asking at the end': async (
    stores,
  ) => {
    await connect(stores, { dueInMs: 0 })
    const request = soonDue({ limit: 5, maxWaitMs: 1_000 })
    assert.equal((await stores.due.claimDue(request)).leases.length, 1)
    assert.deepEqual(await leaseDue(stores, request), [])
  },

  'holds nothing back for an app that has to wait where nothing of it could be leased anyway': async (
    stores,
  ) => {
    for (const _ of range(3)) await waitFor(stores, HOUR_MS)
    const request = soonDue({ limit: 5, maxWaitMs: 1_000 })
    assert.deepEqual(await leaseDue(stores, request), [], 'there is no connection')
    await connect(stores, { dueInMs: HOUR_MS })
    await connect(stores, { provider: 'tiktok', dueInMs: 0 })
    const leases = await leaseDue(stores, request)
    assert.deepEqual(namesOf(leases), ['tiktok'], 'that of the app is not due')
    await connect(stores, { label: 'leased', dueInMs: 0 })
    await claimed(stores, { ...KEY, label: 'leased' })
    assert.deepEqual(await leaseDue(stores, request), [], 'what is due is leased')
    await connect(stores, { label: 'due', dueInMs: 0 })
    assertAbout((await stores.due.claimDue(request)).heldBackMs, 3 * TURN_MS)
  },
}

async function waitFor(stores: ConnectionStores, maxWaitMs: number): Promise<number> {
  const turn = await stores.apps.takeTurn(SLOW, maxWaitMs)
  assert.ok('waitMs' in turn, 'there is a turn')
  return turn.waitMs
}

function soonDue({ limit, maxWaitMs }: { readonly limit: number; readonly maxWaitMs: number }): DueRequest {
  const { claims, ...request } = dueRequest({ limit })
  return { ...request, claims: { ...claims, meta: claimRequest({ app: SLOW, maxWaitMs }) } }
}

function namesOf(leases: readonly { readonly provider: string }[]): readonly string[] {
  return leases.map(({ provider }) => provider).sort()
}
