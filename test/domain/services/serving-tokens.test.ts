import { describe, expect, test } from 'vitest'
import { CipherUnavailableError, StoreUnavailableError } from '../../../src/domain/errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { failWith, heldAnswer, notSent } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

const unavailable = failWith({ kind: 'transient', delivery: 'answered', providerCode: 'http_503' })

describe('A token that is fresh', () => {
  test('is served without asking the provider', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const token = await world.host().tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(0)
  })

  test('is fresh until just before its margin, and ahead from there on', async () => {
    const world = new RefreshWorld()
    await world.connect()
    await world.clock.advance(HOUR_MS - 5 * MINUTE_MS - 1)
    expect(await world.host().tokens.needsRefresh(KEY)).toBe(false)
    await world.clock.advance(1)
    expect(await world.host().tokens.needsRefresh(KEY)).toBe(true)
  })

  test('is renewed all the same when that is asked for', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const { tokens } = world.host()
    const before = await tokens.get(KEY)
    const after = await tokens.refresh(KEY)
    expect(after.equals(before)).toBe(false)
    expect((await tokens.get(KEY)).equals(after)).toBe(true)
  })
})

describe('A token near its end', () => {
  test('is given to its caller at once and renewed behind them', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const host = world.host()
    const before = await host.tokens.get(KEY)
    await world.clock.advance(HOUR_MS - MINUTE_MS)
    const held = heldAnswer()
    world.provider.plan(held.plan)
    expect((await host.tokens.get(KEY)).equals(before)).toBe(true)
    await held.sent
    expect((await host.tokens.get(KEY)).equals(before)).toBe(true)
    held.release()
    await host.background.drain(world.clock, SECOND_MS)
    expect((await host.tokens.get(KEY)).equals(before)).toBe(false)
    expect(world.provider.calls).toBe(1)
  })

  test('is served while the provider is down, tried once, and refused a millisecond after its end', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const host = world.host()
    await world.clock.advance(HOUR_MS - 2 * SECOND_MS)
    world.provider.plan(unavailable, unavailable)
    for (let turn = 0; turn < 5; turn += 1) {
      await host.tokens.get(KEY)
      await world.settle()
    }
    expect(world.provider.calls).toBe(1)
    await world.clock.advance(2 * SECOND_MS)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({
      code: 'provider_unavailable',
      isRetryable: true,
    })
  })

  test('keeps a serverless host awake until its renewal is stored', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const awake: Promise<unknown>[] = []
    const host = world.host('host-1', { waitUntil: (work) => awake.push(work) })
    await world.clock.advance(HOUR_MS - MINUTE_MS)
    await host.tokens.get(KEY)
    expect(awake).not.toHaveLength(0)
    await Promise.all(awake)
    expect((await world.reading()).tokenVersion).toBe(2)
  })
})

describe('A token past its end', () => {
  test('is renewed once for everybody in a process', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const { tokens } = world.host()
    const got = await world.until(Promise.all(Array.from({ length: 100 }, () => tokens.get(KEY))))
    expect(new Set(got.map((token) => token.reveal())).size).toBe(1)
    expect(world.provider.calls).toBe(1)
  })

  test('is not asked for by a process that has let go of its database and could not store the answer', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    host.background.close()
    await host.background.drain(world.clock, SECOND_MS)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect(world.provider.calls).toBe(0)
  })

  test('is renewed once for everybody in several processes, the others waiting for that', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const hosts = ['a', 'b', 'c', 'd'].map((owner) => world.host(owner))
    const held = heldAnswer()
    world.provider.plan(held.plan)
    const asked = Promise.all(hosts.flatMap(({ tokens }) => [tokens.get(KEY), tokens.get(KEY)]))
    await held.sent
    await world.clock.advance(2 * SECOND_MS)
    held.release()
    const got = await world.until(asked)
    expect(new Set(got.map((token) => token.reveal())).size).toBe(1)
    expect(world.provider.calls).toBe(1)
    expect(world.provider.inFlightMax).toBe(1)
  })

  test('is not asked for again by one who read it before somebody else renewed it', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const [slow, quick] = [world.host('slow'), world.host('quick')]
    let letGo: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    slow.interposed.before = (step) => (step === 'claim' ? gate : undefined)
    const late = slow.tokens.get(KEY)
    const first = await quick.tokens.get(KEY)
    letGo()
    expect((await world.until(late)).equals(first)).toBe(true)
    expect(world.provider.calls).toBe(1)
  })

  test('keeps a waiter for the soft timeout at most, and says that it may call again', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const held = heldAnswer()
    world.provider.plan(held.plan)
    const holder = world.host('holder').tokens.get(KEY)
    holder.catch(() => undefined)
    await held.sent
    const startedAt = world.clock.monotonicMs()
    const waiting = world.host('waiter').tokens.get(KEY)
    await expect(world.until(waiting)).rejects.toMatchObject({ code: 'refresh_pending', isRetryable: true })
    expect(world.clock.monotonicMs() - startedAt).toBeLessThanOrEqual(11 * SECOND_MS)
    held.release()
  })

  test('is told apart from a new consent that begins again at the same version', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    host.interposed.after = async (step) => {
      if (step !== 'read') return
      host.interposed.after = () => undefined
      await world.connect()
    }
    const token = await world.until(host.tokens.get(KEY))
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(0)
    expect((await world.reading()).leaseMs).toBe(0)
  })
})

describe('Single flight', () => {
  test('troubles the store with one claim for everybody', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    let claims = 0
    host.interposed.before = (step) => {
      if (step === 'claim') claims += 1
    }
    await world.until(Promise.all(Array.from({ length: 100 }, () => host.tokens.get(KEY))))
    expect(claims).toBe(1)
  })

  test.each([
    ['a success', undefined],
    ['a failure', notSent],
  ])('forgets its entry after %s', async (_name, plan) => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const { tokens } = world.host()
    if (plan !== undefined) world.provider.plan(plan)
    await tokens.get(KEY).catch(() => undefined)
    await world.clock.advance(MINUTE_MS)
    await world.until(tokens.refresh(KEY))
    expect(world.provider.calls).toBe(2)
  })
})

describe('A connection that cannot be read', () => {
  test('is answered as not connected when there is none, and when it was disconnected', async () => {
    const world = new RefreshWorld()
    const { tokens } = world.host()
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'not_connected' })
    await world.connect()
    await world.stores.tokens.disconnect(KEY, { queueForRevocation: false })
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'not_connected' })
    await expect(tokens.refresh(KEY)).rejects.toMatchObject({ code: 'not_connected' })
  })

  test('says that the store is down, and asks no provider', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    host.interposed.before = () => {
      throw new StoreUnavailableError('Postgres')
    }
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(world.provider.calls).toBe(0)
  })

  test('says that the key is missing, tells the listener, and stays as it is', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const host = world.host()
    host.interposed.before = (step) => {
      if (step === 'open') throw new CipherUnavailableError('the key service does not answer')
    }
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'cipher_unavailable' })
    expect(world.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['token.decrypt_failed', 'cipher_unavailable'],
    ])
    expect((await world.reading()).status).toBe('active')
  })
})
