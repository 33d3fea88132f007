import assert from 'node:assert/strict'
import { HOUR_MS, MINUTE_MS } from '../../../domain/model/time.ts'
import {
  assertAbout,
  claimed,
  connect,
  KEY,
  range,
  refreshedTokens,
  tryClaim,
} from '../connection-fixtures.ts'
import type { ConnectionPromises } from '../connection-stores.ts'

const unhurried = { baseMs: 10 * MINUTE_MS, capMs: 30 * MINUTE_MS, jitter: 0 }
const atOnce = { baseMs: 0, capMs: 0, jitter: 0 }

export const pacingPromises: ConnectionPromises = {
  'refuses a claim until the backoff of the attempt before has passed': async (stores) => {
    await connect(stores)
    await stores.leases.release(await claimed(stores, KEY, { backoff: unhurried }), {})
    const reading = await stores.tokens.read(KEY)
    assert.equal(reading?.leaseMs, 0)
    assertAbout(reading?.nextAttemptMs, 10 * MINUTE_MS)
    await stores.elapse(10 * MINUTE_MS - 30_000)
    assert.equal(await tryClaim(stores), undefined)
    await stores.elapse(30_000)
    assert.equal((await claimed(stores)).attempt, 2)
  },

  'doubles the backoff with each attempt, up to its cap': async (stores) => {
    await connect(stores)
    for (const expectedMinutes of [10, 20, 30, 30]) {
      await stores.leases.release(await claimed(stores, KEY, { backoff: unhurried }), {})
      assertAbout((await stores.tokens.read(KEY))?.nextAttemptMs, expectedMinutes * MINUTE_MS)
      await stores.elapse(expectedMinutes * MINUTE_MS)
    }
  },

  'starts over with the first backoff once tokens are stored': async (stores) => {
    await connect(stores)
    await stores.leases.release(await claimed(stores), { retryInMs: 0 })
    await stores.leases.store(await claimed(stores, KEY, { backoff: unhurried }), refreshedTokens())
    assert.equal((await stores.tokens.read(KEY))?.nextAttemptMs, 0)
    assert.equal((await claimed(stores)).attempt, 1)
  },

  'refuses more attempts in an hour than the cap, over any number of silent owners': async (stores) => {
    await connect(stores)
    const request = { maxAttemptsPerHour: 3, leaseTtlMs: MINUTE_MS, backoff: atOnce }
    for (const attempt of [1, 2, 3]) {
      assert.equal((await claimed(stores, KEY, request)).attempt, attempt)
      await stores.elapse(MINUTE_MS)
    }
    assert.equal(await tryClaim(stores, KEY, request), undefined)
    await stores.elapse(50 * MINUTE_MS)
    assert.equal(await tryClaim(stores, KEY, request), undefined)
    await stores.elapse(10 * MINUTE_MS)
    assert.equal((await claimed(stores, KEY, request)).attempt, 4)
  },

  'does not count stored tokens against the cap': async (stores) => {
    await connect(stores)
    for (const _ of range(5)) {
      const lease = await claimed(stores, KEY, { maxAttemptsPerHour: 2 })
      assert.equal(await stores.leases.store(lease, refreshedTokens()), 'stored')
    }
  },

  'counts an attempt that was given up before anything was sent as well': async (stores) => {
    await connect(stores)
    const request = { maxAttemptsPerHour: 2 }
    await stores.leases.release(await claimed(stores, KEY, request), { retryInMs: 0 })
    await stores.leases.release(await claimed(stores, KEY, request), { retryInMs: 0 })
    assert.equal(await tryClaim(stores, KEY, request), undefined)
    await stores.elapse(HOUR_MS)
    await claimed(stores, KEY, request)
  },
}
