import assert from 'node:assert/strict'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import type { AppPause } from '../../../ports/provider-apps.ts'
import type { RefreshLease } from '../../../ports/refresh-leases.ts'
import {
  APP,
  assertAbout,
  claimed,
  claimRequest,
  connect,
  connectionOf,
  KEY,
  OTHER_TENANT,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'
import { dueRequest, leaseDue } from '../due-connections/claiming-due.ts'

const wait = (forMs: number) => ({ reason: 'rate_limited', forMs }) as const

export const suspensionPromises: ConnectionPromises = {
  'knows nothing of an app at first, and of a suspension until its end': async (stores) => {
    assert.equal(await stores.apps.suspensionOf(APP), undefined)
    await stores.apps.suspend(APP, { reason: 'misconfigured', forMs: 10 * MINUTE_MS })
    const suspension = await stores.apps.suspensionOf(APP)
    assert.equal(suspension?.reason, 'misconfigured')
    assertAbout(suspension.forMs, 10 * MINUTE_MS)
    await stores.elapse(9 * MINUTE_MS)
    assertAbout((await stores.apps.suspensionOf(APP))?.forMs, MINUTE_MS)
    await stores.elapse(MINUTE_MS)
    assert.equal(await stores.apps.suspensionOf(APP), undefined)
  },

  'keeps the longer of two suspensions, whichever came first': async (stores) => {
    await stores.apps.suspend(APP, wait(10 * MINUTE_MS))
    await stores.apps.suspend(APP, { reason: 'misconfigured', forMs: MINUTE_MS })
    const first = await stores.apps.suspensionOf(APP)
    assert.equal(first?.reason, 'rate_limited')
    assertAbout(first.forMs, 10 * MINUTE_MS)
    await stores.apps.suspend(APP, wait(20 * MINUTE_MS))
    assertAbout((await stores.apps.suspensionOf(APP))?.forMs, 20 * MINUTE_MS)
  },

  'keeps apps apart, by provider and by client id': async (stores) => {
    await stores.apps.suspend(APP, wait(MINUTE_MS))
    assert.equal(await stores.apps.suspensionOf({ ...APP, clientId: 'client-2' }), undefined)
    assert.equal(await stores.apps.suspensionOf({ ...APP, provider: 'tiktok' }), undefined)
  },

  'answers a claim with the suspension, and neither claims nor counts': async (stores) => {
    await connect(stores)
    await stores.apps.suspend(APP, wait(10 * MINUTE_MS))
    const pause = pauseIn(await stores.leases.claim(KEY, 1, claimRequest()))
    assert.equal(pause.reason, 'rate_limited')
    assertAbout(pause.forMs, 10 * MINUTE_MS)
    const reading = await stores.tokens.read(KEY)
    assert.deepEqual([reading?.leaseMs, reading?.nextAttemptMs], [0, 0])
    await stores.elapse(10 * MINUTE_MS)
    assert.equal((await claimed(stores)).attempt, 1)
  },

  'lets claims for other apps through': async (stores) => {
    await connect(stores)
    await stores.apps.suspend({ ...APP, provider: 'tiktok' }, wait(MINUTE_MS))
    await stores.apps.suspend({ ...APP, clientId: 'client-2' }, wait(MINUTE_MS))
    await claimed(stores)
  },

  'leaves a suspended app out of what is due, and says when to ask again': async (stores) => {
    await connect(stores, { dueInMs: 0 })
    await connect(stores, { provider: 'tiktok', dueInMs: 0 })
    await stores.apps.suspend(APP, wait(10 * MINUTE_MS))
    const { leases, heldBackMs } = await stores.due.claimDue(dueRequest())
    assert.deepEqual(
      leases.map(({ provider }) => provider),
      ['tiktok'],
    )
    assertAbout(heldBackMs, 10 * MINUTE_MS)
    await stores.elapse(10 * MINUTE_MS)
    const [lease] = await leaseDue(stores)
    assert.equal(lease?.provider, 'meta')
    assert.equal(lease.attempt, 1)
  },

  'takes back the attempt of a lease under which nothing was sent': async (stores) => {
    await connect(stores)
    const request = { maxAttemptsPerHour: 1, backoff: { baseMs: HOUR_MS, capMs: HOUR_MS, jitter: 0 } }
    const lease = await claimed(stores, KEY, request)
    await stores.leases.release(lease, { retryInMs: 0, isUncounted: true })
    const again = await claimed(stores, KEY, request)
    assert.equal(again.attempt, 1)
    assert.equal(again.epoch, lease.epoch + 1)
    await stores.leases.release(lease, { isUncounted: true })
    assert.ok(((await stores.tokens.read(KEY))?.leaseMs ?? 0) > 0, "another's lease is never touched")
    assert.equal((await connectionOf(stores, KEY)).lastErrorCode, undefined)
  },

  'suspends an app for every tenant': async (stores) => {
    await connect(stores, { tenantId: OTHER_TENANT })
    await stores.apps.suspend(APP, wait(MINUTE_MS))
    pauseIn(await stores.leases.claim({ ...KEY, tenantId: OTHER_TENANT }, 1, claimRequest()))
  },
}

/** The answer to a claim of an app that has to wait. */
export function pauseIn(answer: RefreshLease | AppPause | undefined): AppPause {
  assert.ok(answer !== undefined && 'reason' in answer, 'the app has to wait')
  return answer
}
