import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../src/domain/errors.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { RefreshWorld } from '../domain/services/refresh-world.ts'

const keyOf = (place: number): ConnectionKey => ({
  tenantId: parseTenantId(`tenant-${place}`),
  provider: 'standard',
  label: 'default',
})

/** So many connections that were disconnected while their platform could not be told. */
async function disconnected(count: number): Promise<RefreshWorld> {
  const world = new RefreshWorld()
  for (let place = 0; place < count; place += 1) {
    await world.connect(keyOf(place))
    await world.stores.tokens.disconnect(keyOf(place), { queueForRevocation: true })
  }
  return world
}

/** Ids of what could be claimed now, which claims it. */
async function claimable(world: RefreshWorld): Promise<number> {
  return (await world.stores.revocations.claimDue(1_000, MINUTE_MS)).length
}

describe('Revocations that a disconnect had queued', () => {
  test('are done by the job', async () => {
    const world = await disconnected(12)
    await world.until(world.host().job.run())
    expect(world.provider.revoked).toHaveLength(12)
  })

  test('do not cost the run its report when their store fails', async () => {
    const world = await disconnected(1)
    await world.connect(keyOf(1))
    await world.advance(HOUR_MS)
    world.stores.revocations.claimDue = async () => {
      throw new StoreUnavailableError('Postgres')
    }
    expect(await world.until(world.host().job.run())).toMatchObject({ total: 1, refreshed: 1 })
    expect(world.logs).toEqual(['The queue of revocations cannot be worked on'])
  })

  test('are left to the next run by a process that is about to end', async () => {
    const world = await disconnected(50)
    let isStopping = false
    const revoke = world.provider.revoke.bind(world.provider)
    world.provider.revoke = async (credential) => {
      isStopping = true
      await revoke(credential)
    }
    await world.until(world.host().job.run({ isStopping: () => isStopping }))
    expect(world.provider.revoked).toHaveLength(5)
    expect(await claimable(world)).toBe(45)
  })

  test('are asked for once each, however long their platform takes', async () => {
    const world = await disconnected(20)
    const revoke = world.provider.revoke.bind(world.provider)
    world.provider.revoke = async (credential) => {
      await world.clock.delay(75 * SECOND_MS)
      await revoke(credential)
    }
    const first = world.host('host-1').job.run()
    await world.advance(3 * MINUTE_MS)
    await world.until(Promise.all([first, world.host('host-2').job.run()]))
    expect(world.provider.revoked).toHaveLength(20)
    expect(new Set(world.provider.revoked).size).toBe(20)
  })

  test('of a platform that is no longer configured are looked at daily and forgotten after thirty days', async () => {
    const world = await disconnected(1)
    const { job } = world.host('host-1', { providers: [] })
    for (let hour = 0; hour < 24; hour += 1) {
      await job.run()
      await world.advance(HOUR_MS - 1)
      if (hour < 23) expect(await claimable(world)).toBe(0)
    }
    for (let day = 1; day <= 30; day += 1) {
      await world.advance(DAY_MS)
      await job.run()
    }
    await world.advance(DAY_MS)
    expect(await claimable(world)).toBe(0)
    expect(world.provider.revoked).toEqual([])
  })
})
