import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import {
  failWith,
  heldAnswer,
  loseAnswer,
  ModelProvider,
  notSent,
} from '../domain/services/model-provider.ts'
import type { Plan } from '../domain/services/model-provider.ts'
import { attemptsOf, RefreshWorld } from '../domain/services/refresh-world.ts'

function keyOf(tenant: string, label = 'default'): ConnectionKey {
  return { tenantId: parseTenantId(tenant), provider: 'standard', label }
}

async function worldWith(keys: readonly ConnectionKey[]): Promise<RefreshWorld> {
  const world = new RefreshWorld()
  for (const key of keys) await world.connect(key)
  await world.clock.advance(HOUR_MS - 10 * MINUTE_MS)
  return world
}

const many = (count: number): readonly ConnectionKey[] =>
  Array.from({ length: count }, (_, index) => keyOf(`tenant-${index}`))

describe('The job', () => {
  test('renews each connection that is due once, however many workers ask at once', async () => {
    const world = await worldWith(many(60))
    const hosts = [world.host('a'), world.host('b'), world.host('c')]
    const results = await world.until(Promise.all(hosts.map(({ job }) => job.run({ concurrency: 4 }))))
    expect(results.reduce((sum, { refreshed }) => sum + refreshed, 0)).toBe(60)
    expect(world.provider.calls).toBe(60)
    expect(await world.until(world.host('d').job.run())).toMatchObject({ total: 0 })
  })

  test('leaves alone what is not due', async () => {
    const world = new RefreshWorld()
    await world.connect(keyOf('tenant-a'))
    expect(await world.host().job.run()).toMatchObject({ total: 0 })
  })

  test('goes on behind one that fails and says which', async () => {
    const world = await worldWith(many(5))
    world.provider.plan(loseAnswer)
    const outcomes: string[] = []
    const result = await world.until(
      world.host().job.run({ concurrency: 1, onOutcome: ({ result: outcome }) => outcomes.push(outcome) }),
    )
    expect(result).toMatchObject({ total: 5, refreshed: 4, failed: 1, skipped: 0 })
    expect(result.errors).toMatchObject([{ tenantId: 'tenant-0', code: 'provider_unavailable' }])
    expect(outcomes).toHaveLength(5)
  })

  test('is not held up by connections whose provider hangs', async () => {
    const world = await worldWith(many(30))
    const held = [heldAnswer(), heldAnswer()]
    world.provider.plan(...held.map(({ plan }) => plan))
    const finished: string[] = []
    const run = world.host().job.run({ concurrency: 4, onOutcome: ({ tenantId }) => finished.push(tenantId) })
    await world.settle()
    await world.clock.advance(SECOND_MS)
    expect(finished).toHaveLength(28)
    for (const { release } of held) release()
    expect(await world.until(run)).toMatchObject({ refreshed: 30 })
  })

  test('renews the connections of one platform while another hangs, whose connections were due first', async () => {
    const world = await worldWith(many(100))
    const other = new ModelProvider({ mode: 'none', clock: world.clock, traits: { provider: 'other' } })
    const keys = many(40).map((key) => ({ ...key, provider: 'other' }))
    for (const key of keys) await world.connect(key, other)
    await world.clock.advance(HOUR_MS - 11 * MINUTE_MS)
    const held = many(100).map(() => heldAnswer())
    world.provider.plan(...held.map(({ plan }) => plan))
    const finished: string[] = []
    const host = world.host('host-1', { providers: [world.provider, other] })
    const run = host.job.run({ concurrency: 8, onOutcome: ({ provider }) => finished.push(provider) })
    await world.settle()
    await world.clock.advance(SECOND_MS)
    expect(world.provider.inFlight).toBe(6)
    expect(finished).toEqual(keys.map(() => 'other'))
    for (const { release } of held) release()
    expect(await world.until(run)).toMatchObject({ refreshed: 140 })
    expect(world.provider.inFlightMax).toBe(6)
  })

  test('goes on with what falls due at other platforms while one has more than its share to do', async () => {
    const world = await worldWith(many(40))
    const other = new ModelProvider({ mode: 'none', clock: world.clock, traits: { provider: 'other' } })
    const host = world.host('host-1', { providers: [world.provider, other] })
    const outcomes: string[] = []
    world.provider.plan(
      ...many(40).map((): Plan => async (act) => {
        await world.clock.delay(MINUTE_MS)
        return act()
      }),
    )
    other.lifetimeMs = MINUTE_MS
    const run = host.job.run({ concurrency: 4, onOutcome: ({ provider }) => outcomes.push(provider) })
    await world.settle()
    await world.connect({ ...keyOf('late'), provider: 'other' }, other)
    other.lifetimeMs = HOUR_MS
    await world.until(run)
    expect(outcomes).toHaveLength(41)
    expect(outcomes.indexOf('other')).toBeLessThan(10)
  })

  test('does not let one tenant starve the others', async () => {
    const greedy = Array.from({ length: 40 }, (_, index) => keyOf('greedy', `label-${index}`))
    const world = await worldWith([...greedy, keyOf('modest')])
    const order: string[] = []
    await world.until(
      world.host().job.run({ concurrency: 8, onOutcome: ({ tenantId }) => order.push(tenantId) }),
    )
    expect(order.indexOf('modest')).toBeLessThan(8)
    expect(order).toHaveLength(41)
  })

  test('is still under way for the process that shuts down', async () => {
    const world = await worldWith(many(1))
    const held = heldAnswer()
    world.provider.plan(held.plan)
    const host = world.host()
    const run = host.job.run()
    await held.sent
    const drained = host.background.drain(world.clock, MINUTE_MS)
    held.release()
    expect(await drained).toBe(true)
    expect((await world.reading(keyOf('tenant-0'))).tokenVersion).toBe(2)
    await run
  })

  test('has given back what it had claimed, before the process that shuts down lets go of its database', async () => {
    const world = await worldWith(many(10))
    const claimDue = world.stores.due.claimDue.bind(world.stores.due)
    let answerClaim: () => void = () => undefined
    const isAnswered = new Promise<void>((resolve) => {
      answerClaim = resolve
    })
    world.stores.due.claimDue = async (request) => {
      const leases = await claimDue(request)
      await isAnswered
      return leases
    }
    const host = world.host()
    const run = host.job.run({ concurrency: 10 })
    host.background.close()
    let isLetGo = false
    const drained = host.background.drain(world.clock, MINUTE_MS).then(() => {
      isLetGo = true
    })
    await world.settle()
    expect(isLetGo).toBe(false)
    answerClaim()
    await world.until(drained)
    const readings = await Promise.all(many(10).map((key) => world.reading(key)))
    expect(readings.filter(({ leaseMs }) => leaseMs > 0)).toEqual([])
    expect(await run).toMatchObject({ total: 0 })
  })

  test('gives back what it had claimed and not begun when it is told to stop', async () => {
    const world = await worldWith(many(10))
    let isStopping = false
    const result = await world.until(
      world.host().job.run({
        concurrency: 4,
        isStopping: () => isStopping,
        onOutcome: () => {
          isStopping = true
        },
      }),
    )
    expect(result.total).toBeLessThan(10)
    const readings = await Promise.all(many(10).map((key) => world.reading(key)))
    expect(readings.filter(({ leaseMs, nextAttemptMs }) => leaseMs > 0 || nextAttemptMs > 0)).toEqual([])
    for (const key of many(10)) expect(await attemptsOf(world, key)).toBe(0)
  })

  test('gives back the others when one of them cannot be given back, and that one when the store is there again', async () => {
    const world = await worldWith(many(10))
    const host = world.host()
    let isStopping = false
    let failures = 3
    host.interposed.before = (step) => {
      if (step !== 'release' || !isStopping || failures === 0) return
      failures -= 1
      throw new StoreUnavailableError('Postgres')
    }
    const run = host.job.run({
      concurrency: 4,
      isStopping: () => isStopping,
      onOutcome: () => {
        isStopping = true
      },
    })
    await world.until(run)
    const leased = async (): Promise<number> => {
      const readings = await Promise.all(many(10).map((key) => world.reading(key)))
      return readings.filter(({ leaseMs }) => leaseMs > 0).length
    }
    expect(failures).toBe(0)
    expect(await leased()).toBe(3)
    await world.advance(SECOND_MS)
    expect(await leased()).toBe(0)
  })

  test('asks nothing of a provider that asked the app to wait, and counts no attempt for it', async () => {
    const world = await worldWith(many(10))
    const host = world.host()
    world.provider.plan(
      failWith({
        kind: 'rate_limited',
        delivery: 'answered',
        providerCode: 'http_429',
        retryAfterMs: 30_000,
      }),
    )
    await world.until(host.job.run({ concurrency: 1 }))
    expect(world.provider.calls).toBe(1)
    expect(await host.job.run({ concurrency: 1 })).toMatchObject({ total: 0 })
    await world.clock.advance(31_000)
    await world.until(host.job.run({ concurrency: 1 }))
    expect(world.provider.calls).toBe(11)
  })

  test('finishes what it had claimed when the store fails, and then says so', async () => {
    const world = await worldWith(many(8))
    const claimDue = world.stores.due.claimDue.bind(world.stores.due)
    let claims = 0
    world.stores.due.claimDue = async (request) => {
      claims += 1
      if (claims > 1) throw new StoreUnavailableError('Postgres')
      return claimDue(request)
    }
    await expect(world.until(world.host().job.run({ concurrency: 4 }))).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(world.provider.calls).toBe(4)
  })

  test('stops after its limit', async () => {
    const world = await worldWith(many(10))
    expect(await world.until(world.host().job.run({ concurrency: 3, limit: 5 }))).toMatchObject({ total: 5 })
  })

  test('revokes what a disconnect had queued', async () => {
    const world = await worldWith(many(1))
    await world.stores.tokens.disconnect(keyOf('tenant-0'), { queueForRevocation: true })
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-1'])
  })

  test('counts what never left as failed, and tries it again later', async () => {
    const world = await worldWith(many(1))
    world.provider.plan(notSent)
    const host = world.host()
    expect(await world.until(host.job.run())).toMatchObject({ failed: 1 })
    expect(await host.job.run()).toMatchObject({ total: 0 })
    await world.clock.advance(5 * SECOND_MS)
    expect(await world.until(host.job.run())).toMatchObject({ refreshed: 1 })
  })
})
