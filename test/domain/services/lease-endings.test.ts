import { describe, expect, test } from 'vitest'
import { CipherUnavailableError, StoreUnavailableError } from '../../../src/domain/errors.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import type { RefreshLease } from '../../../src/ports/refresh-leases.ts'
import { failWith, loseAnswer } from './model-provider.ts'
import type { Plan } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'
import type { Host, Step } from './refresh-world.ts'

const QUARANTINE_MS = 12 * MINUTE_MS
const AWAY = new StoreUnavailableError('Postgres')

/** Lets these steps of a process fail, until `heal` is called. */
function failing(host: Host, ...steps: readonly Step[]): { readonly heal: () => void } {
  host.interposed.before = (step) => {
    if (steps.includes(step)) throw AWAY
  }
  return {
    heal: () => {
      host.interposed.before = () => undefined
    },
  }
}

/** What whoever claims the connection next is told. */
async function nextLease(world: RefreshWorld): Promise<RefreshLease> {
  const { tokenVersion } = await world.reading()
  const request = world.host('next').lifecycle.claimRequest(world.provider)
  const lease = await world.stores.leases.claim(KEY, tokenVersion, request)
  if (lease === undefined || 'reason' in lease) throw new Error('the connection cannot be claimed')
  return lease
}

describe('A lease whose end the store did not hear of', () => {
  test('is ended once the store is back, and nothing is uncertain where nothing was sent', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const down = new CipherUnavailableError('down')
    let isAway = true
    host.interposed.before = (step) => {
      if (step === 'open') throw down
      if (isAway && step === 'release') throw AWAY
    }
    await expect(host.tokens.get(KEY)).rejects.toBe(down)
    await world.advance(MINUTE_MS)
    expect((await world.reading()).leaseMs).toBeGreaterThan(0)
    isAway = false
    await world.advance(5 * SECOND_MS)
    expect((await world.reading()).leaseMs).toBe(0)
    expect(await nextLease(world)).toMatchObject({ isUncertain: false })
  })

  test('keeps its reason: a lost answer is quarantined all the same', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const store = failing(host, 'release')
    world.provider.plan(loseAnswer)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await world.advance(MINUTE_MS)
    store.heal()
    await world.advance(5 * SECOND_MS)
    const { leaseMs, nextAttemptMs, lastErrorCode } = await world.reading()
    expect({ leaseMs, lastErrorCode }).toEqual({ leaseMs: 0, lastErrorCode: 'provider_unavailable' })
    expect(nextAttemptMs).toBeGreaterThan(QUARANTINE_MS - 6 * SECOND_MS)
    await world.advance(nextAttemptMs)
    expect(await nextLease(world)).toMatchObject({ isUncertain: true })
  })

  test('is left to run out where the store stays away, and the end of the process does not wait for it', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    let tries = 0
    host.interposed.before = (step) => {
      if (step !== 'release') return
      tries += 1
      throw AWAY
    }
    world.provider.plan(loseAnswer)
    await host.tokens.get(KEY).catch(() => undefined)
    await world.advance(MINUTE_MS)
    const triesBefore = tries
    expect(triesBefore).toBeGreaterThan(1)
    host.background.close()
    const endsAt = world.clock.monotonicMs()
    expect(await host.background.drain(world.clock, SECOND_MS)).toBe(true)
    expect(world.clock.monotonicMs()).toBe(endsAt)
    await world.advance(MINUTE_MS)
    expect(tries).toBe(triesBefore)
  })

  test('is tried to be ended for as long as a lease may run and no longer', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    let lastTryAt = 0
    host.interposed.before = (step) => {
      if (step !== 'release') return
      lastTryAt = world.clock.monotonicMs()
      throw AWAY
    }
    world.provider.plan(loseAnswer)
    await host.tokens.get(KEY).catch(() => undefined)
    const firstTryAt = lastTryAt
    await world.advance(2 * QUARANTINE_MS)
    expect(lastTryAt - firstTryAt).toBeGreaterThan(QUARANTINE_MS - 6 * SECOND_MS)
    expect(lastTryAt - firstTryAt).toBeLessThanOrEqual(QUARANTINE_MS)
  })
})

const refused = failWith({ kind: 'reauthorize', delivery: 'answered', providerCode: 'invalid_grant' })
const withdrawn = failWith({
  ...{ kind: 'permission', delivery: 'answered', providerCode: 'withdrawn' },
  missingScopes: ['write'],
})

describe('A step that would have ended a lease, and fails', () => {
  test.each<[Step, Plan]>([
    ['read', refused],
    ['condemn', refused],
  ])('(%s) leaves it released, and a later attempt to say the same', async (step, plan) => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(async (act) => {
      host.interposed.before = (at) => {
        if (at === step) throw AWAY
      }
      return plan(act)
    })
    await expect(host.tokens.get(KEY)).rejects.toBe(AWAY)
    host.interposed.before = () => undefined
    const { leaseMs, status, nextAttemptMs } = await world.reading()
    expect({ leaseMs, status }).toEqual({ leaseMs: 0, status: 'active' })
    await world.advance(nextAttemptMs)
    world.provider.endAll()
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'revoked_or_expired',
    })
  })

  test('(suspect) leaves it released, and a later attempt to say the same', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(loseAnswer)
    await host.tokens.get(KEY).catch(() => undefined)
    await world.advance(QUARANTINE_MS)
    const store = failing(host, 'suspect')
    await expect(host.tokens.get(KEY)).rejects.toBe(AWAY)
    store.heal()
    const { leaseMs, nextAttemptMs } = await world.reading()
    expect(leaseMs).toBe(0)
    await world.advance(nextAttemptMs)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect((await world.reading()).nextAttemptMs).toBe(QUARANTINE_MS)
  })

  test.each<[Step, Plan]>([
    ['list', withdrawn],
    ['postpone', async (act) => act()],
  ])('(%s) of a verification leaves it released', async (step, plan) => {
    const world = new RefreshWorld({ traits: { renewal: 'none' } })
    world.provider.lifetimeMs = null
    world.provider.scopes = ['read', 'write']
    await world.connect()
    await world.advance(DAY_MS)
    const host = world.host()
    failing(host, step)
    world.provider.plan(plan)
    await expect(host.tokens.verify(KEY)).rejects.toBe(AWAY)
    expect((await world.reading()).leaseMs).toBe(0)
    expect(await nextLease(world).catch(() => undefined)).toBeUndefined()
    await world.advance(5 * SECOND_MS)
    expect(await nextLease(world)).toMatchObject({ isUncertain: false })
  })
})

describe('A client that throws what it never promised to', () => {
  const unforeseen: Plan = async (act) => {
    act()
    throw new TypeError('unforeseen')
  }

  test('may have sent its request: the lease is ended, and the token is not presented again before the quarantine is over', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(unforeseen)
    await expect(host.tokens.get(KEY)).rejects.toBeInstanceOf(TypeError)
    const { leaseMs, nextAttemptMs, status } = await world.reading()
    expect({ leaseMs, nextAttemptMs, status }).toEqual({
      ...{ leaseMs: 0, nextAttemptMs: QUARANTINE_MS, status: 'active' },
    })
    expect(world.events).toMatchObject([{ type: 'token.refresh_failed', reason: 'unexpected' }])
    await world.advance(QUARANTINE_MS)
    expect(await nextLease(world)).toMatchObject({ isUncertain: true })
  })

  test('has changed nothing by a verification: the lease is ended, and nothing is uncertain', async () => {
    const world = new RefreshWorld({ traits: { renewal: 'none' } })
    world.provider.lifetimeMs = null
    await world.connect()
    const host = world.host()
    world.provider.plan(unforeseen)
    await expect(host.tokens.verify(KEY)).rejects.toBeInstanceOf(TypeError)
    expect((await world.reading()).leaseMs).toBe(0)
    await world.advance(5 * SECOND_MS)
    expect(await nextLease(world)).toMatchObject({ isUncertain: false })
  })
})
