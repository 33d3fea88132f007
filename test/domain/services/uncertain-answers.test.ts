import { describe, expect, test } from 'vitest'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { failWith, GRACE_MS, loseAnswer, notSent } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

const QUARANTINE_MS = 12 * MINUTE_MS
const failed = failWith({ kind: 'transient', delivery: 'uncertain', providerCode: 'http_502' })

describe('An answer that never came', () => {
  test('is asked for again soon where asking twice is safe, and nothing is lost', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(loseAnswer)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await world.clock.advance(5 * SECOND_MS)
    await tokens.get(KEY)
    expect(world.provider.calls).toBe(2)
  })

  test.each([30_000, 4_000])('is asked for again within a grace of %i ms', async (graceMs) => {
    const world = new RefreshWorld({ mode: 'grace', traits: { rotation: { kind: 'grace', graceMs } } })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(loseAnswer)
    await tokens.get(KEY).catch(() => undefined)
    const { nextAttemptMs } = await world.reading()
    expect(nextAttemptMs).toBeLessThanOrEqual(Math.min(5_000, graceMs / 4))
    await world.clock.advance(nextAttemptMs)
    const token = await tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect((await world.reading()).status).toBe('active')
  })

  test.each(['a caller', 'the job'] as const)(
    'is asked for again within the grace by the process itself, once, though nobody asks it to (%s)',
    async (who) => {
      const world = new RefreshWorld({ mode: 'grace' })
      await world.connectExpired()
      const host = world.host()
      world.provider.plan(loseAnswer)
      await (who === 'a caller' ? host.tokens.get(KEY).catch(() => undefined) : host.job.run())
      expect(world.provider.calls).toBe(1)
      await world.advance(GRACE_MS / 2)
      expect(world.provider.calls).toBe(2)
      expect(await world.reading()).toMatchObject({ status: 'active', tokenVersion: 2 })
      const token = await host.tokens.get(KEY)
      expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
      await world.advance(10 * MINUTE_MS)
      expect(world.provider.calls).toBe(2)
    },
  )

  test('is asked for again by the process itself no more than once', async () => {
    const world = new RefreshWorld({ mode: 'grace' })
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(failed, failed, failed)
    await host.tokens.get(KEY).catch(() => undefined)
    await world.advance(10 * MINUTE_MS)
    expect(world.provider.calls).toBe(2)
  })

  test.each([
    ['within two minutes, by the process itself', MINUTE_MS, 2],
    ['later, by nobody but who needs the token', 30 * MINUTE_MS, 1],
  ])(
    'with a wait that ends %s is asked for again within a grace of a day',
    async (_who, retryAfterMs, calls) => {
      const world = new RefreshWorld({
        mode: 'grace',
        traits: { rotation: { kind: 'grace', graceMs: DAY_MS } },
      })
      await world.connectExpired()
      const { tokens } = world.host()
      world.provider.plan(
        failWith({ kind: 'transient', delivery: 'uncertain', providerCode: 'http_503', retryAfterMs }),
      )
      await tokens.get(KEY).catch(() => undefined)
      await world.advance(retryAfterMs - 1)
      expect(world.provider.calls).toBe(1)
      await world.advance(MINUTE_MS)
      expect(world.provider.calls).toBe(calls)
      await tokens.get(KEY)
      expect(world.provider.calls).toBe(2)
    },
  )

  test('is left to the others by a process that ends: nothing waits for it, and nothing is sent any more', async () => {
    const world = new RefreshWorld({ mode: 'grace' })
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(loseAnswer)
    await host.tokens.get(KEY).catch(() => undefined)
    host.background.close()
    const endsAt = world.clock.monotonicMs()
    expect(await host.background.drain(world.clock, MINUTE_MS)).toBe(true)
    expect(world.clock.monotonicMs()).toBe(endsAt)
    let reads = 0
    host.interposed.before = () => {
      reads += 1
    }
    await world.advance(GRACE_MS / 2)
    expect({ reads, calls: world.provider.calls }).toEqual({ reads: 0, calls: 1 })
    await world.host('second').tokens.get(KEY)
    expect(await world.reading()).toMatchObject({ status: 'active', tokenVersion: 2 })
  })

  test('is not asked for again when somebody else has renewed the token meanwhile', async () => {
    const world = new RefreshWorld({ mode: 'grace' })
    await world.connectExpired()
    world.provider.plan(loseAnswer)
    await world
      .host('first')
      .tokens.get(KEY)
      .catch(() => undefined)
    await world.advance((await world.reading()).nextAttemptMs)
    await world.host('second').tokens.get(KEY)
    await world.advance(MINUTE_MS)
    expect(world.provider.calls).toBe(2)
  })

  test('where nothing rotates is asked for again by nobody but who needs the token', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    world.provider.plan(loseAnswer)
    await world
      .host()
      .tokens.get(KEY)
      .catch(() => undefined)
    await world.advance(MINUTE_MS)
    expect(world.provider.calls).toBe(1)
  })

  test.each(['single_use', 'revoking'] as const)(
    'is not asked for again (%s) before the quarantine is over, and callers fail fast until then',
    async (mode) => {
      const world = new RefreshWorld({ mode })
      await world.connectExpired()
      const { tokens } = world.host()
      world.provider.plan(failed)
      await tokens.get(KEY).catch(() => undefined)
      const startedAt = world.clock.monotonicMs()
      await world.clock.advance(QUARANTINE_MS - 1)
      await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
      expect(world.clock.monotonicMs() - startedAt).toBe(QUARANTINE_MS - 1)
      expect(world.provider.calls).toBe(1)
      await world.clock.advance(1)
      await tokens.get(KEY)
      expect(world.provider.calls).toBe(2)
      expect(world.provider.lineages[0]?.reuses).toBe(0)
    },
  )

  test('of a process that died counts as uncertain for the one that takes over', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const { tokens, lifecycle } = world.host()
    const { tokenVersion } = await world.reading()
    const dead = await world.stores.leases.claim(KEY, tokenVersion, lifecycle.claimRequest(world.provider))
    expect(dead).toMatchObject({ isUncertain: false })
    await world.clock.advance(QUARANTINE_MS)
    world.provider.endAll()
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect((await world.reading()).status).toBe('active')
  })
})

describe('A request that never left', () => {
  test('leaves nothing uncertain: it is made again after the usual backoff', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(notSent)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await world.clock.advance(5 * SECOND_MS)
    world.provider.endAll()
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
  })

  test('is tried less and less often, at most eight times in ten minutes', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(...Array.from({ length: 100 }, () => notSent))
    for (let second = 0; second < 600; second += 1) {
      await tokens.get(KEY).catch(() => undefined)
      await world.clock.advance(SECOND_MS)
    }
    expect(world.provider.calls).toBeLessThanOrEqual(8)
    world.provider.forgetPlans()
    await world.clock.advance(15 * MINUTE_MS)
    await tokens.get(KEY)
  })
})

describe('A provider that asks to wait', () => {
  const throttled = (retryAfterMs: number | undefined): ReturnType<typeof failWith> =>
    failWith({ kind: 'rate_limited', delivery: 'answered', providerCode: 'http_429', retryAfterMs })

  test.each([
    [30_000, 30_000],
    [-5_000, 1_000],
    [1e12, 3_600_000],
    [undefined, 5_000],
  ])('named %s ms: it is obeyed for %i ms', async (retryAfterMs, obeyedMs) => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(throttled(retryAfterMs))
    const error: unknown = await tokens.get(KEY).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'rate_limited', retryAt: world.clock.now() + obeyedMs })
    await world.clock.advance(obeyedMs - 1)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(world.provider.calls).toBe(1)
    await world.clock.advance(1)
    await tokens.get(KEY)
    expect(world.provider.calls).toBe(2)
  })

  test.each([
    ['a failing provider', { kind: 'transient', delivery: 'uncertain', providerCode: 'http_503' }],
    [
      'a throttle of one account',
      { kind: 'rate_limited', delivery: 'answered', providerCode: '80004', concerns: 'connection' },
    ],
  ] as const)(
    'for a short time again and again (%s) is asked less and less often, and is renewed soon after it has healed',
    async (_name, facts) => {
      const world = new RefreshWorld({ mode: 'none' })
      await world.connectExpired()
      const { tokens } = world.host()
      const plan = failWith({ ...facts, retryAfterMs: 5 * SECOND_MS })
      world.provider.plan(...Array.from({ length: 200 }, () => plan))
      for (let second = 0; second < 600; second += 1) {
        tokens.get(KEY).catch(() => undefined)
        await world.clock.advance(SECOND_MS)
      }
      expect(world.provider.calls).toBeLessThanOrEqual(8)
      world.provider.forgetPlans()
      await world.clock.advance((await world.reading()).nextAttemptMs)
      const token = await world.until(tokens.get(KEY))
      expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    },
  )

  test('is obeyed for all connections of the app', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    const other = { ...KEY, label: 'other' }
    await world.connect(other)
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(throttled(30_000))
    await tokens.get(KEY).catch(() => undefined)
    await expect(tokens.get(other)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(world.provider.calls).toBe(1)
    await world.clock.advance(30_000)
    await tokens.get(other)
  })
})
