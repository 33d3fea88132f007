import { expect, test } from 'vitest'
import { MemoryDueConnections } from '../../../src/adapters/memory/due-connections.ts'
import { MemoryDatabase } from '../../../src/adapters/memory/memory-database.ts'
import { MemoryPendingRevocations } from '../../../src/adapters/memory/pending-revocations.ts'
import { MemoryRefreshLeases } from '../../../src/adapters/memory/refresh-leases.ts'
import { MemoryTokenStore } from '../../../src/adapters/memory/token-store.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import type { ClaimRequest } from '../../../src/ports/refresh-leases.ts'
import {
  claimRequest,
  KEY,
  newGrant,
  retiredGrant,
} from '../../../src/testing/contracts/connection-fixtures.ts'
import { FixedClock } from '../../../src/testing/fixed-clock.ts'

const atOnce = { backoff: { baseMs: 0, capMs: 0, jitter: 0 } }

async function connected(dueInMs = HOUR_MS) {
  const clock = new FixedClock()
  const database = new MemoryDatabase({ clock })
  const tokens = new MemoryTokenStore(database)
  const leases = new MemoryRefreshLeases(database)
  const due = new MemoryDueConnections(database)
  await tokens.save(newGrant({ dueInMs }))
  const claim = (changes: Partial<ClaimRequest>) => leases.claim(KEY, 1, claimRequest(changes))
  return { clock, tokens, leases, due, claim }
}

async function claimedLease(
  claim: Awaited<ReturnType<typeof connected>>['claim'],
  changes: Partial<ClaimRequest>,
) {
  const lease = await claim(changes)
  if (lease === undefined || 'reason' in lease) throw new Error('The claim was not granted')
  return lease
}

test('a lease runs until its last millisecond and can be taken over at its end', async () => {
  const { clock, claim } = await connected()
  await claim({ ...atOnce, leaseTtlMs: MINUTE_MS })
  await clock.advance(MINUTE_MS - 1)
  expect(await claim(atOnce)).toBeUndefined()
  await clock.advance(1)
  expect(await claim(atOnce)).toMatchObject({ epoch: 2, isUncertain: true })
})

test('a backoff keeps others away until its last millisecond', async () => {
  const { clock, claim, leases } = await connected()
  const backoff = { baseMs: 1_000, capMs: 1_000, jitter: 0 }
  await leases.release(await claimedLease(claim, { backoff }), {})
  await clock.advance(999)
  expect(await claim({})).toBeUndefined()
  await clock.advance(1)
  expect(await claim({})).toMatchObject({ attempt: 2, isUncertain: false })
})

test('a suspicion keeps others away until its last millisecond', async () => {
  const { clock, claim, leases, tokens } = await connected()
  await leases.suspect(await claimedLease(claim, {}), MINUTE_MS)
  await clock.advance(MINUTE_MS - 1)
  expect(await claim({})).toBeUndefined()
  expect(await tokens.read(KEY)).toMatchObject({ nextAttemptMs: 1 })
  await clock.advance(1)
  expect(await tokens.read(KEY)).toMatchObject({ nextAttemptMs: 0 })
  expect(await claim({})).toMatchObject({ isSuspect: true })
})

test('the hour of the cap begins with its first attempt and ends an hour later', async () => {
  const { clock, claim, leases } = await connected()
  const capped = { ...atOnce, maxAttemptsPerHour: 1 }
  await clock.advance(17 * MINUTE_MS)
  await leases.release(await claimedLease(claim, capped), { retryInMs: 0 })
  await clock.advance(HOUR_MS - 1)
  expect(await claim(capped)).toBeUndefined()
  await clock.advance(1)
  expect(await claim(capped)).toBeDefined()
})

test('a connection falls due at its due time', async () => {
  const { clock, due } = await connected(MINUTE_MS)
  await clock.advance(MINUTE_MS - 1)
  expect(await due.countDue(0)).toEqual(new Map())
  await clock.advance(1)
  expect(await due.countDue(0)).toEqual(new Map([['meta', 1]]))
})

test('a reading counts down to the end of the token and on below zero', async () => {
  const { clock, tokens } = await connected()
  await clock.advance(HOUR_MS - 1)
  expect(await tokens.read(KEY)).toMatchObject({ remainingMs: 1 })
  await clock.advance(1)
  expect(await tokens.read(KEY)).toMatchObject({ remainingMs: 0 })
  await clock.advance(1)
  expect(await tokens.read(KEY)).toMatchObject({ remainingMs: -1, lifetimeMs: HOUR_MS })
})

test('a queued revocation is given up thirty days after it was added', async () => {
  const clock = new FixedClock()
  const revocations = new MemoryPendingRevocations(new MemoryDatabase({ clock }))
  const grant = retiredGrant()
  const id = await revocations.add(grant)
  await clock.advance(30 * DAY_MS - 1)
  await revocations.settle(grant.tenantId, id, { done: false, retryInMs: 0 })
  expect(await revocations.read(grant.tenantId, id)).toEqual(grant)
  await clock.advance(1)
  await revocations.settle(grant.tenantId, id, { done: false, retryInMs: 0 })
  expect(await revocations.read(grant.tenantId, id)).toBeUndefined()
})

test('decides by its own clock when it runs, not when it was called', async () => {
  const { clock, tokens } = await connected()
  const reading = tokens.read(KEY)
  clock.setNow(clock.now() + MINUTE_MS)
  expect(await reading).toMatchObject({ remainingMs: HOUR_MS - MINUTE_MS })
})

test('lets other callers in between: no call has an effect before its caller yields', async () => {
  const { tokens } = await connected()
  const disconnecting = tokens.disconnect(KEY, { queueForRevocation: false })
  const order: string[] = []
  const done = disconnecting.then(() => order.push('disconnected'))
  await Promise.resolve().then(() => order.push('another turn'))
  await done
  expect(order).toEqual(['another turn', 'disconnected'])
})
