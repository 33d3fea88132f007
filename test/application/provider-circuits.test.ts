import { describe, expect, test } from 'vitest'
import { ProviderCircuits } from '../../src/application/provider-circuits.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import { FixedClock } from '../../src/testing/index.ts'

interface Opened {
  readonly clock: FixedClock
  readonly circuits: ProviderCircuits
  readonly logs: string[]
  readonly events: ConnectionEvent[]
}

function opened(): Opened {
  const clock = new FixedClock()
  const logs: string[] = []
  const logger = { log: (level: string, message: string): unknown => logs.push(`${level}: ${message}`) }
  const events: ConnectionEvent[] = []
  const circuits = new ProviderCircuits({ clock, logger, events: { emit: (event) => events.push(event) } })
  return { clock, circuits, logs, events }
}

describe('ProviderCircuits', () => {
  test('lets everything through for a provider that nothing is known of', () => {
    const { circuits } = opened()
    expect(circuits.blocked('meta')).toBeUndefined()
    expect(circuits.mayCondemn('meta')).toBe(true)
  })

  test('suspends an app that was refused for half a minute, with one alarm for all who run into it', async () => {
    const { circuits, clock, logs, events } = opened()
    for (let turn = 0; turn < 10; turn += 1) circuits.note('meta', 'misconfigured')
    expect(circuits.blocked('meta')).toEqual({ reason: 'misconfigured', forMs: 30_000 })
    expect(circuits.blocked('klaviyo')).toBeUndefined()
    await clock.advance(29_999)
    expect(circuits.blocked('meta')).toEqual({ reason: 'misconfigured', forMs: 1 })
    await clock.advance(1)
    expect(circuits.blocked('meta')).toBeUndefined()
    expect(logs).toEqual(['error: Requests to a provider are suspended for the whole app'])
    expect(events).toMatchObject([
      { type: 'provider.app_suspended', provider: 'meta', reason: 'misconfigured' },
    ])
  })

  test('keeps the longest wait that a provider asked for', () => {
    const { circuits } = opened()
    circuits.note('meta', { rateLimitedForMs: 60_000 })
    circuits.note('meta', { rateLimitedForMs: 1_000 })
    expect(circuits.blocked('meta')).toEqual({ reason: 'rate_limited', forMs: 60_000 })
  })

  test('believes fifty definitive answers only among enough good ones', async () => {
    const { circuits, clock, logs } = opened()
    for (let count = 0; count < 49; count += 1) circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(true)
    circuits.note('meta', 'definitive')
    circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(false)
    expect(logs).toHaveLength(1)
    for (let count = 0; count < 50; count += 1) circuits.note('meta', 'ok')
    expect(circuits.mayCondemn('meta')).toBe(true)
    for (let count = 0; count < 200; count += 1) circuits.note('meta', 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(false)
    await clock.advance(300_001)
    expect(circuits.mayCondemn('meta')).toBe(true)
  })
})
