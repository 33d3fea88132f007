import { describe, expect, test } from 'vitest'
import { MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { heldRefresh } from './held-refresh.ts'
import { failWith, heldAnswer, notSent, refusal } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

describe('A refresh that is overtaken by a disconnect (I7 Disconnect is final)', () => {
  test('stores nothing, and revokes what it was given', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    await world.stores.tokens.disconnect(KEY, { queueForRevocation: false })
    held.release()
    await expect(world.until(held.asked)).rejects.toMatchObject({ code: 'not_connected' })
    await host.background.drain(world.clock, SECOND_MS)
    expect(world.provider.revoked).toEqual(['refresh-1-2'])
    expect((await world.reading()).accessToken).toBeUndefined()
  })

  test('is not condemned for a refusal that the disconnect caused', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(async (act) => {
      await world.stores.tokens.disconnect(KEY, { queueForRevocation: false })
      world.provider.endAll()
      return act()
    })
    await expect(world.until(host.tokens.get(KEY))).rejects.toMatchObject({ code: 'not_connected' })
    expect((await world.reading()).status).toBe('disconnected')
  })
})

describe('A refresh that is overtaken by a new consent (I8 Reconnect wins)', () => {
  test('leaves the new grant alone, revokes its own result, and gives its caller the new token', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    await world.connect()
    held.release()
    const token = await world.until(held.asked)
    expect(world.provider.lineages[1]?.accessTokens.has(token.reveal())).toBe(true)
    await host.background.drain(world.clock, SECOND_MS)
    expect(world.provider.revoked).toContain('refresh-1-2')
    expect((await world.reading()).tokenVersion).toBe(1)
    expect((await world.reading()).leaseMs).toBe(0)
  })
})

describe('Two results of one grant', () => {
  /** A refresh whose answer is held back until after its lease. */
  async function underWay() {
    const world = new RefreshWorld({ mode: 'grace' })
    await world.connectExpired()
    const [slow, quick] = [world.host('slow'), world.host('quick')]
    const held = await heldRefresh(world, slow)
    await world.clock.advance(14 * SECOND_MS)
    return { world, slow, quick, held, asked: held.asked }
  }

  async function overtaken(): Promise<RefreshWorld> {
    const { world, slow, quick, held } = await underWay()
    const stored = await world.until(quick.tokens.get(KEY))
    held.release()
    await slow.background.drain(world.clock, SECOND_MS)
    expect((await slow.tokens.get(KEY)).equals(stored)).toBe(true)
    return world
  }

  test('are both kept: the first as current, the other as a candidate', async () => {
    const world = await overtaken()
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-3', 'refresh-1-2'])
    expect((await world.reading()).leaseMs).toBe(0)
  })

  test('are both revoked when the connection goes', async () => {
    const world = await overtaken()
    await world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-3', 'refresh-1-2'])
  })

  test('stay in the queue together until both are revoked', async () => {
    const world = await overtaken()
    await world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    const revoke = world.provider.revoke.bind(world.provider)
    world.provider.revoke = async (credential) => {
      if (credential.refreshToken?.reveal() === 'refresh-1-2') await notSent(() => world.provider.open())
      await revoke(credential)
    }
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-3'])
    world.provider.revoke = revoke
    await world.advance(5 * MINUTE_MS)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toEqual(['refresh-1-3', 'refresh-1-3', 'refresh-1-2'])
  })

  test('leave none behind when the connection goes before the second can be kept', async () => {
    const { world, slow, quick, held, asked } = await underWay()
    await world.until(quick.tokens.get(KEY))
    slow.interposed.before = async (step) => {
      if (step === 'keepCandidate') await world.stores.tokens.disconnect(KEY, { queueForRevocation: false })
    }
    held.release()
    await slow.background.drain(world.clock, SECOND_MS)
    expect(world.provider.revoked).toEqual(['refresh-1-2'])
    await expect(asked).rejects.toMatchObject({ code: 'provider_unavailable' })
  })

  test('let the connection live on through the candidate when the current one dies', async () => {
    const world = await overtaken()
    const { tokens } = world.host()
    world.provider.plan(async () => {
      throw refusal('invalid_grant')
    })
    await world.expire()
    const token = await world.until(tokens.get(KEY))
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.lineages[0]?.presented.at(-1)).toBe('refresh-1-2')
    expect((await world.reading()).status).toBe('active')
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-4'])
  })

  test('are tried newest first, and none after the lease is half over', async () => {
    const world = await overtaken()
    const host = world.host()
    await world.expire()
    world.provider.endAll()
    world.provider.plan(async (act) => {
      host.stall(7 * SECOND_MS)
      return act()
    })
    const presentedBefore = world.provider.lineages[0]?.presented.length ?? 0
    host.tokens.get(KEY).catch(() => undefined)
    await world.settle()
    expect(world.provider.lineages[0]?.presented.slice(presentedBefore)).toEqual(['refresh-1-3'])
    expect((await world.reading()).status).toBe('active')
  })
})

describe('A verification under which a late renewal is stored', () => {
  test('gives the new token, and leaves what its own result said of when to look again', async () => {
    const world = new RefreshWorld({ mode: 'none', traits: { renewal: 'self_exchange' } })
    await world.connect()
    const [slow, quick] = [world.host('slow'), world.host('quick')]
    const held = heldAnswer()
    world.provider.plan(held.plan)
    slow.tokens.refresh(KEY).catch(() => undefined)
    await held.sent
    await world.advance(5 * MINUTE_MS)
    world.provider.plan(async (act) => {
      held.release()
      await slow.background.drain(world.clock, SECOND_MS)
      return act()
    })
    const seen = await world.reading()
    const token = await quick.lifecycle.renew(world.provider, KEY, seen, 'verify')
    expect(world.provider.verifications).toBe(1)
    const stored = await world.reading()
    expect([stored.tokenVersion, stored.leaseMs]).toEqual([2, 0])
    expect(token.equals(await quick.lifecycle.open(KEY, stored))).toBe(true)
  })
})

describe('A lease that was taken over', () => {
  test('is not ended by its former owner (I10 Owned release)', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const [slow, quick] = [world.host('slow'), world.host('quick')]
    let fail: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      fail = resolve
    })
    world.provider.plan(async (act) => {
      await gate
      return failWith({ kind: 'transient', delivery: 'answered', providerCode: 'http_400' })(act)
    })
    slow.tokens.get(KEY).catch(() => undefined)
    await world.clock.advance(3 * MINUTE_MS)
    const held = await heldRefresh(world, quick)
    fail()
    await world.settle()
    expect((await world.reading()).leaseMs).toBeGreaterThan(0)
    held.release()
    await world.until(held.asked)
  })
})
