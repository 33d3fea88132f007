import { describe, expect, test } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'
import { notSent } from './model-provider.ts'
import { attemptsOf, KEY, RefreshWorld } from './refresh-world.ts'

/** A platform that renews others, and gives no refresh token for what is connected from now on. */
function withoutRefreshTokens(world: RefreshWorld): void {
  const open = world.provider.open.bind(world.provider)
  world.provider.open = () => {
    const { refreshToken: _none, ...tokens } = open()
    return tokens
  }
}

describe('A credential without renewal', () => {
  test('is verified, and given up when the provider refuses it', async () => {
    const world = new RefreshWorld({ traits: { renewal: 'none' } })
    world.provider.lifetimeMs = null
    await world.connect()
    const { tokens } = world.host()
    await tokens.refresh(KEY)
    expect(world.provider.verifications).toBe(1)
    world.provider.plan(notSent)
    await expect(tokens.refresh(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect((await world.reading()).status).toBe('active')
    await world.clock.advance(MINUTE_MS)
    world.provider.endAll()
    await expect(tokens.refresh(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
    expect(world.provider.calls).toBe(0)
  })

  test('is verified once a day where the platform renews others and gave neither an end nor a refresh token', async () => {
    const world = new RefreshWorld()
    world.provider.lifetimeMs = null
    withoutRefreshTokens(world)
    await world.connect()
    const { job } = world.host()
    for (let hour = 0; hour < 72; hour += 1) {
      await world.clock.advance(HOUR_MS)
      await world.until(job.run())
    }
    expect(world.provider.verifications).toBe(3)
    expect(world.provider.calls).toBe(0)
  })

  test('leaves no error of an earlier attempt behind when it is verified, though nothing renews it', async () => {
    const world = new RefreshWorld()
    withoutRefreshTokens(world)
    await world.connect()
    const { tokens } = world.host()
    const token = await tokens.get(KEY)
    world.provider.plan(notSent)
    await tokens.get(KEY, { rejectedToken: token }).catch(() => undefined)
    const { lastErrorCode, nextAttemptMs } = await world.reading()
    expect(lastErrorCode).toBe('provider_unavailable')
    await world.advance(nextAttemptMs)
    await tokens.get(KEY, { rejectedToken: token })
    expect((await world.reading()).lastErrorCode).toBeUndefined()
  })

  test('is asked about again when somebody is refused with it, though nothing was to be renewed a while ago', async () => {
    const world = new RefreshWorld()
    withoutRefreshTokens(world)
    await world.connect()
    const { tokens } = world.host()
    await world.advance(MINUTE_MS)
    const token = await tokens.get(KEY)
    expect((await tokens.get(KEY, { rejectedToken: token })).equals(token)).toBe(true)
    expect(await world.reading()).toMatchObject({ leaseMs: 0, nextAttemptMs: 5 * MINUTE_MS })
    await world.advance(5 * MINUTE_MS)
    expect(await attemptsOf(world)).toBe(0)
    world.provider.endAll()
    await expect(tokens.get(KEY, { rejectedToken: token })).rejects.toMatchObject({
      code: 'reauthorization_required',
    })
    expect(world.provider.verifications).toBe(2)
  })
})
