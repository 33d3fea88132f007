import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MINUTE_MS } from '../../../src/domain/model/time.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'
import type { Host, Step } from './refresh-world.ts'

const PATIENCE_MS = 12 * MINUTE_MS

/** Every call that a host makes waits for its turn, which the scheduler deals out in any order. */
function schedule(host: Host, scheduler: fc.Scheduler, name: string): void {
  const turn = async (step: Step): Promise<void> => {
    await scheduler.schedule(Promise.resolve(), `${name} ${step}`)
  }
  host.interposed.before = turn
  host.interposed.after = turn
}

async function finished(scheduler: fc.Scheduler, world: RefreshWorld, work: Promise<unknown>): Promise<void> {
  let isOver = false
  void work.finally(() => {
    isOver = true
  })
  for (let round = 0; !isOver && round < 2_000; round += 1) {
    while (scheduler.count() > 0) await scheduler.waitOne()
    await world.clock.advance(0)
    if (!isOver && scheduler.count() === 0) await world.clock.advance(500)
  }
}

describe('Two processes in any order of their steps', () => {
  test.each(['single_use', 'revoking', 'grace'] as const)(
    'make one request and get one token (%s)',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), async (scheduler) => {
          const world = new RefreshWorld({ mode })
          await world.connectExpired()
          const hosts = [world.host('a'), world.host('b')]
          hosts.forEach((host, index) => schedule(host, scheduler, String(index)))
          const asked = Promise.allSettled(hosts.map(({ tokens }) => tokens.get(KEY)))
          await finished(scheduler, world, asked)
          const got = (await asked).map((one) =>
            one.status === 'fulfilled' ? one.value.reveal() : String(one.reason),
          )
          expect(new Set(got).size).toBe(1)
          expect(world.provider.calls).toBe(1)
          expect(world.provider.acceptsRefresh((await world.heldRefreshTokens())[0] ?? '')).toBe(true)
        }),
        { numRuns: 300 },
      )
    },
  )

  test.each(['single_use', 'grace'] as const)(
    'lose nothing though a lease ends at any step of its owner (%s)',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.nat({ max: 20 }), async (scheduler, pausedAt) => {
          const world = new RefreshWorld({ mode })
          await world.connectExpired()
          const hosts = [world.host('a'), world.host('b')]
          hosts.forEach((host, index) => schedule(host, scheduler, String(index)))
          let steps = 0
          const asked = Promise.allSettled(hosts.map(({ tokens }) => tokens.get(KEY)))
          while (scheduler.count() > 0 && steps < pausedAt) {
            await scheduler.waitOne()
            await world.clock.advance(0)
            steps += 1
          }
          await world.clock.advance(PATIENCE_MS)
          await finished(scheduler, world, asked)
          const again = Promise.allSettled(hosts.map(({ tokens }) => tokens.refresh(KEY)))
          await finished(scheduler, world, again)
          for (const host of hosts) host.interposed.before = host.interposed.after = () => undefined
          await world.clock.advance(PATIENCE_MS)
          expect((await world.reading()).status).toBe('active')
          const held = await world.heldRefreshTokens()
          expect(held.some((token) => world.provider.acceptsRefresh(token))).toBe(true)
        }),
        { numRuns: 300 },
      )
    },
  )
})
