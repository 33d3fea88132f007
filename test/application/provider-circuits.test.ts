import { describe, expect, test } from 'vitest'
import { ProviderCircuits } from '../../src/application/provider-circuits.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import { FixedClock } from '../../src/testing/index.ts'

describe('ProviderCircuits', () => {
  test('believes a provider that nothing is known of', () => {
    const circuits = new ProviderCircuits({
      clock: new FixedClock(),
      logger: { log: () => undefined },
      events: { emit: () => undefined },
    })
    expect(circuits.mayCondemn('meta')).toBe(true)
  })

  test('believes fifty definitive answers only among enough good ones, and alerts once', async () => {
    const clock = new FixedClock()
    const logs: string[] = []
    const logger = { log: (level: string, message: string): unknown => logs.push(`${level}: ${message}`) }
    const events: ConnectionEvent[] = []
    const circuits = new ProviderCircuits({ clock, logger, events: { emit: (event) => events.push(event) } })
    for (let count = 0; count < 49; count += 1) circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(true)
    circuits.note('meta', 'definitive')
    circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(false)
    expect(circuits.mayCondemn('tiktok')).toBe(true)
    expect(logs).toEqual([expect.stringMatching(/^error: /)])
    expect(events).toMatchObject([
      { type: 'provider.app_suspended', provider: 'meta', reason: 'mass_failure' },
    ])
    for (let count = 0; count < 50; count += 1) circuits.note('meta', 'ok')
    expect(circuits.mayCondemn('meta')).toBe(true)
    for (let count = 0; count < 200; count += 1) circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(false)
    await clock.advance(5 * 60_000 + 1)
    expect(circuits.mayCondemn('meta')).toBe(true)
  })
})
