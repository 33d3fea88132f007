import { describe, expect, test } from 'vitest'
import { IDS } from '../../src/application/container/identifiers.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/model/time.ts'
import { askToken, codeOf, refreshFixture } from './refresh-fixture.ts'

describe('Still valid is still served', () => {
  test('with the provider down, until the token’s end and not beyond', async () => {
    const { elapse, emulator, process } = await refreshFixture('single_use')
    const container = process()
    const token = await askToken(container)
    await elapse(HOUR_MS - 2 * MINUTE_MS)
    emulator.control.fail('standard', '*', { status: 503, body: 'down', times: null })
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await askToken(container)).toBe(token)
      await container.get(IDS.BackgroundWork).drain(container.get(IDS.Clock), 5 * SECOND_MS)
    }
    expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
    await elapse(2 * MINUTE_MS)
    expect(await codeOf(askToken(container))).toBe('provider_unavailable')
  })

  test('at once, while its refresh is slow', async () => {
    const { elapse, emulator, process } = await refreshFixture('single_use')
    const container = process()
    const token = await askToken(container)
    await elapse(HOUR_MS - 2 * MINUTE_MS)
    emulator.control.setLatency(1_000, 'standard')
    const startedAt = performance.now()
    expect(await askToken(container)).toBe(token)
    expect(performance.now() - startedAt).toBeLessThan(900)
    await container.get(IDS.BackgroundWork).drain(container.get(IDS.Clock), 10 * SECOND_MS)
    const renewed = await askToken(container)
    expect(renewed).not.toBe(token)
    expect(emulator.control.accepts('standard', renewed)).toBe(true)
  })

  test.each([-86_400_000, 86_400_000, -600_000, 600_000])(
    'by the database’s clock, though this process is %i ms off',
    async (offsetMs) => {
      const { elapse, emulator, process } = await refreshFixture('revoking')
      const clock = process().get(IDS.Clock)
      const skewed = process({
        clock: {
          now: () => clock.now() + offsetMs,
          monotonicMs: () => clock.monotonicMs(),
          delay: (ms) => clock.delay(ms),
          backgroundDelay: (ms) => clock.backgroundDelay(ms),
        },
      })
      const token = await askToken(skewed)
      expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(0)
      await elapse(HOUR_MS)
      expect(await askToken(skewed)).not.toBe(token)
      expect(emulator.control.lineages('standard')[0]?.tokenCalls).toBe(1)
    },
  )
})
