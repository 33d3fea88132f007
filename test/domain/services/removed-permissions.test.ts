import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../../src/domain/model/time.ts'
import { failWith, loseAnswer, notSent } from './model-provider.ts'
import type { Plan } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

const withdrawn = lacking(['write'])

function lacking(missingScopes: readonly string[]): Plan {
  return failWith({ kind: 'permission', delivery: 'answered', providerCode: 'withdrawn', missingScopes })
}

/** A credential that is only ever verified, connected with two scopes. */
async function verifiedWorld(): Promise<RefreshWorld> {
  const world = new RefreshWorld({ traits: { renewal: 'none' } })
  world.provider.lifetimeMs = null
  world.provider.scopes = ['read', 'write']
  await world.connect()
  await world.advance(DAY_MS)
  return world
}

describe('A scope that was taken back while its token lives', () => {
  test('is noticed by the daily verification: a person is needed, and is told why', async () => {
    const world = await verifiedWorld()
    const { job, tokens } = world.host()
    world.provider.plan(withdrawn)
    expect(await job.run()).toMatchObject({ total: 1, failed: 1 })
    const removed = { code: 'reauthorization_required', reason: 'permission_removed' }
    await expect(tokens.get(KEY)).rejects.toMatchObject(removed)
    await expect(tokens.refresh(KEY)).rejects.toMatchObject(removed)
    await world.advance(DAY_MS)
    expect(await job.run()).toMatchObject({ total: 0 })
    expect(world.provider.verifications).toBe(1)
    expect(world.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['connection.needs_reauth', 'permission_removed'],
    ])
  })

  test('comes back with a new consent', async () => {
    const world = await verifiedWorld()
    const { job, tokens } = world.host()
    world.provider.plan(withdrawn)
    await job.run()
    await world.connect()
    expect(await world.reading()).toMatchObject({ status: 'active', reauthReason: undefined })
    expect(world.provider.acceptsAccess((await tokens.get(KEY)).reveal())).toBe(true)
  })

  test('ends nothing when it had never been granted: the host asks for more than it did then', async () => {
    const world = await verifiedWorld()
    world.provider.plan(lacking(['manage']))
    expect(await world.host().job.run()).toMatchObject({ refreshed: 1 })
    expect(await world.reading()).toMatchObject({ status: 'active', lastErrorCode: undefined })
  })

  test('ends nothing when a new consent came while the answer was on its way', async () => {
    const world = await verifiedWorld()
    world.provider.plan(async (act) => {
      await world.connect()
      return withdrawn(act)
    })
    await world.host().job.run()
    expect((await world.reading()).status).toBe('active')
  })

  test('ends nothing while most credentials of the app are declared to lack it: that is the app’s affair', async () => {
    const world = await verifiedWorld()
    const { circuits, job, tokens } = world.host()
    for (let count = 0; count < 60; count += 1) circuits.note('standard', 'definitive')
    world.provider.plan(withdrawn)
    expect(await job.run()).toMatchObject({ skipped: 1 })
    expect((await world.reading()).status).toBe('active')
    await expect(tokens.get(KEY)).resolves.toBeDefined()
  })

  test.each<readonly [string, Plan]>([
    ['a refusal that names no scope', lacking([])],
    ['a bad minute', failWith({ kind: 'transient', delivery: 'uncertain', providerCode: 'http_503' })],
    ['an answer that is lost', loseAnswer],
    ['a platform that cannot be reached', notSent],
    [
      'a throttle',
      failWith({ kind: 'rate_limited', delivery: 'answered', providerCode: '4', missingScopes: ['write'] }),
    ],
    [
      'an app that is refused',
      failWith({ kind: 'misconfigured', delivery: 'answered', providerCode: '101' }),
    ],
    [
      'an answer that cannot be read',
      failWith({ kind: 'transient', delivery: 'answered', providerCode: 'response_invalid' }),
    ],
  ])('is not concluded from %s', async (_title, plan) => {
    const world = await verifiedWorld()
    const { job, tokens } = world.host()
    world.provider.plan(plan)
    await job.run()
    expect(await world.reading()).toMatchObject({
      status: 'active',
      lastErrorCode: expect.any(String) as string,
    })
    expect(world.provider.acceptsAccess((await tokens.get(KEY)).reveal())).toBe(true)
  })
})

describe('A token that is exchanged for another only weeks later', () => {
  async function exchangedWorld(): Promise<RefreshWorld> {
    const world = new RefreshWorld({
      mode: 'none',
      traits: { renewal: 'self_exchange', windowMs: 7 * DAY_MS, renewAtMostEveryMs: DAY_MS },
    })
    world.provider.lifetimeMs = 60 * DAY_MS
    world.provider.scopes = ['write']
    await world.connect()
    return world
  }

  test('is verified every day until its window, and exchanged in it', async () => {
    const world = await exchangedWorld()
    const { job } = world.host()
    for (let day = 1; day < 53; day += 1) {
      await world.advance(DAY_MS)
      await job.run()
      expect([world.provider.verifications, world.provider.calls]).toEqual([day, 0])
    }
    await world.advance(DAY_MS)
    await job.run()
    expect([world.provider.verifications, world.provider.calls]).toEqual([52, 1])
    expect((await world.reading()).tokenVersion).toBe(2)
  })

  test('is exchanged as soon as it may be when it lives for hours only', async () => {
    const world = await exchangedWorld()
    world.provider.lifetimeMs = 2 * HOUR_MS
    await world.connect()
    world.provider.lifetimeMs = 60 * DAY_MS
    await world.advance(1.9 * HOUR_MS)
    await world.host().job.run()
    expect([world.provider.verifications, world.provider.calls]).toEqual([0, 1])
  })

  test('that its verification finds dead is tried once more, and then needs a person', async () => {
    const world = await exchangedWorld()
    await world.advance(DAY_MS)
    world.provider.endAll()
    expect(await world.host().job.run()).toMatchObject({ failed: 1 })
    expect([world.provider.verifications, world.provider.calls]).toEqual([1, 1])
    expect(await world.reading()).toMatchObject({
      status: 'needs_reauth',
      reauthReason: 'revoked_or_expired',
    })
  })
})
