import { describe, expect, test } from 'vitest'
import {
  CipherAuthenticationFailedError,
  CipherKeyUnknownError,
  CipherUnavailableError,
  StoreUnavailableError,
} from '../../../src/domain/errors.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { heldRefresh } from './held-refresh.ts'
import { failWith, heldAnswer } from './model-provider.ts'
import { attemptsOf, heldStep, KEY, RefreshWorld } from './refresh-world.ts'
import type { Step } from './refresh-world.ts'

describe('Before anything is sent (I9 Preflight)', () => {
  test.each<[string, Step, Error]>([
    ['the key for sealing cannot be had', 'prepare', new CipherUnavailableError('down')],
    ['the key for sealing is there and does not seal', 'seal', new CipherKeyUnknownError('k0')],
    ['the refresh token cannot be opened', 'open', new CipherUnavailableError('down')],
    ['the refresh token was altered', 'open', new CipherAuthenticationFailedError()],
    ['the claim fails', 'claim', new StoreUnavailableError('Postgres')],
  ])('no request is made when %s', async (_name, step, error) => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    host.interposed.before = (at) => {
      if (at === step) throw error
    }
    await expect(host.tokens.get(KEY)).rejects.toBe(error)
    expect(world.provider.calls).toBe(0)
    const { status, leaseMs } = await world.reading()
    expect({ status, leaseMs }).toEqual({ status: 'active', leaseMs: 0 })
    host.interposed.before = () => undefined
    await world.clock.advance(MINUTE_MS)
    await world.until(host.tokens.get(KEY))
    expect(world.provider.calls).toBe(1)
  })

  test('a process that was paused after its claim starts over instead of sending late', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host()
    let sends = 0
    host.interposed.after = (step) => {
      if (step !== 'prepare') return
      sends += 1
      if (sends === 1) {
        expect(world.provider.calls).toBe(0)
        host.stall(3 * MINUTE_MS + 1)
      }
    }
    await expect(world.until(host.tokens.get(KEY))).rejects.toMatchObject({ code: 'refresh_pending' })
    expect(world.provider.calls).toBe(0)
    const { leaseMs, nextAttemptMs } = await world.reading()
    expect({ leaseMs, nextAttemptMs }).toEqual({ leaseMs: 0, nextAttemptMs: 0 })
    expect(await attemptsOf(world)).toBe(0)
    await world.until(host.tokens.get(KEY))
    expect(world.provider.calls).toBe(1)
  })

  test('a process that was paused for just a quarter of its lease still sends', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host()
    host.interposed.after = (step) => {
      if (step === 'prepare') host.stall(3 * MINUTE_MS)
    }
    await host.tokens.get(KEY).catch(() => undefined)
    expect(world.provider.calls).toBe(1)
  })

  test('a process whose machine was suspended after its claim starts over, though its monotonic clock stood still', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const [suspended, other] = [world.host('suspended'), world.host('other')]
    const gate = heldStep(suspended, 'prepare')
    suspended.tokens.get(KEY).catch(() => undefined)
    await gate.reached
    await world.advance(13 * MINUTE_MS)
    suspended.wakeAfter(13 * MINUTE_MS)
    await world.until(other.tokens.get(KEY))
    gate.open()
    await world.until(suspended.background.drain(world.clock, MINUTE_MS))
    expect(world.provider.lineages[0]).toMatchObject({ presented: ['refresh-1-1'], isEnded: false })
    const token = await suspended.tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
  })

  test.each([
    ['is a year off all along', 365 * DAY_MS, 365 * DAY_MS],
    ['is set back in between', 0, -HOUR_MS],
  ])('a process whose wall clock %s sends what is in time', async (_name, before, after) => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host('host-1', { wallOffsetMs: before })
    host.interposed.after = (step) => {
      if (step === 'prepare') host.setWall(after)
    }
    await host.tokens.get(KEY)
    expect(world.provider.calls).toBe(1)
    expect((await world.reading()).remainingMs).toBe(HOUR_MS)
  })

  test('a process whose wall clock is set forward in between starts over, and nothing else comes of it', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const host = world.host()
    let jumps = 1
    host.interposed.after = (step) => {
      if (step === 'prepare' && jumps-- > 0) host.setWall(DAY_MS)
    }
    await world.until(host.tokens.get(KEY))
    expect(world.provider.calls).toBe(1)
    expect(await attemptsOf(world)).toBe(0)
  })

  test('a suspended app is not claimed for: nothing is counted against its connections', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    world.provider.plan(
      failWith({ kind: 'misconfigured', delivery: 'answered', providerCode: 'invalid_client' }),
    )
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_misconfigured' })
    await world.clock.advance(20 * SECOND_MS)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_misconfigured' })
    expect(world.provider.calls).toBe(1)
    expect((await world.reading()).status).toBe('active')
    await world.clock.advance(11 * SECOND_MS)
    await host.tokens.get(KEY)
    expect(world.provider.calls).toBe(2)
    expect(world.logs).toHaveLength(1)
  })
})

describe('A slow answer', () => {
  test('is not waited for beyond the soft timeout, and is stored when it comes', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = heldAnswer()
    world.provider.plan(held.plan)
    const startedAt = world.clock.monotonicMs()
    const asked = host.tokens.get(KEY)
    await expect(world.until(asked)).rejects.toMatchObject({
      code: 'provider_unavailable',
      isRetryable: true,
    })
    expect(world.clock.monotonicMs() - startedAt).toBe(10 * SECOND_MS)
    await world.clock.advance(35 * SECOND_MS)
    held.release()
    expect(await host.background.drain(world.clock, SECOND_MS)).toBe(true)
    const token = await host.tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(1)
  })

  test('holds up the end of the process until it is stored', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    const drained = host.background.drain(world.clock, MINUTE_MS)
    await world.clock.advance(30 * SECOND_MS)
    expect((await world.reading()).tokenVersion).toBe(1)
    held.release()
    expect(await drained).toBe(true)
    expect((await world.reading()).tokenVersion).toBe(2)
  })

  test('does not hold up the end of the process for ever', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const held = await heldRefresh(world, host)
    const drained = host.background.drain(world.clock, MINUTE_MS)
    await world.clock.advance(MINUTE_MS)
    expect(await drained).toBe(false)
    held.release()
  })
})
