import { describe, expect, test } from 'vitest'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

describe('FixedClock', () => {
  test('stands still until it is advanced, and then moves both clocks', async () => {
    const clock = new FixedClock(1_000)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_250, 250])
  })

  test('lets the wall clock jump without a delay noticing', async () => {
    const clock = new FixedClock(1_000)
    let isOver = false
    void clock.delay(100).then(() => (isOver = true))
    clock.setNow(9_000_000)
    await clock.advance(99)
    expect(isOver).toBe(false)
    expect(clock.pendingDelays).toBe(1)
    await clock.advance(1)
    expect(isOver).toBe(true)
    expect([clock.now(), clock.monotonicMs(), clock.pendingDelays]).toEqual([9_000_100, 100, 0])
  })

  test('ends delays in their order, each at its own moment', async () => {
    const clock = new FixedClock(0)
    const ended: string[] = []
    const wait = async (name: string, ms: number): Promise<void> => {
      await clock.delay(ms)
      ended.push(`${name} at ${clock.monotonicMs()}`)
    }
    void wait('b', 20)
    void wait('a', 10)
    void wait('c', 20)
    await clock.advance(30)
    expect(ended).toEqual(['a at 10', 'b at 20', 'c at 20'])
  })

  test('runs a loop of delays as often as its time allows', async () => {
    const clock = new FixedClock(0)
    let turns = 0
    const poll = async (): Promise<void> => {
      for (; turns < 100; turns += 1) await clock.delay(10)
    }
    void poll()
    await clock.advance(95)
    expect(turns).toBe(9)
  })

  test('ends a delay of nothing at once', async () => {
    const clock = new FixedClock()
    await clock.delay(0)
    await clock.delay(-1)
    expect(clock.pendingDelays).toBe(0)
  })
})
