import { describe, expect, test } from 'vitest'
import { ProviderCircuits } from '../../src/application/provider-circuits.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import { FixedClock } from '../../src/testing/index.ts'

interface Watched {
  readonly clock: FixedClock
  readonly circuits: ProviderCircuits
  readonly logs: string[]
  readonly events: ConnectionEvent[]
  note(count: number, outcome: 'ok' | 'definitive'): void
  /** How many of so many refused connections are given up, as each is noted and then asked about. */
  givenUp(refused: number): number
}

function watched(): Watched {
  const clock = new FixedClock()
  const logs: string[] = []
  const events: ConnectionEvent[] = []
  const circuits = new ProviderCircuits({
    clock,
    logger: { log: (level, message) => logs.push(`${level}: ${message}`) },
    events: { emit: (event) => events.push(event) },
  })
  const note = (count: number, outcome: 'ok' | 'definitive'): void => {
    for (let noted = 0; noted < count; noted += 1) circuits.note('meta', outcome)
  }
  const givenUp = (refused: number): number => {
    let count = 0
    for (let noted = 0; noted < refused; noted += 1) {
      note(1, 'definitive')
      if (circuits.mayCondemn('meta')) count += 1
    }
    return count
  }
  return { clock, circuits, logs, events, note, givenUp }
}

describe('ProviderCircuits', () => {
  test('believes a provider that nothing is known of', () => {
    expect(watched().circuits.mayCondemn('meta')).toBe(true)
  })

  test('believes forty-nine refusals and no fiftieth, and alerts once', () => {
    const { circuits, events, givenUp, logs } = watched()
    expect(givenUp(60)).toBe(49)
    expect(circuits.mayCondemn('tiktok')).toBe(true)
    expect(logs).toEqual([expect.stringMatching(/^error: /)])
    expect(events).toMatchObject([
      { type: 'provider.app_suspended', provider: 'meta', reason: 'mass_failure' },
    ])
  })

  test('believes any number of refusals among enough good answers', () => {
    const { givenUp, note } = watched()
    for (let round = 0; round < 100; round += 1) {
      note(1, 'ok')
      expect(givenUp(1)).toBe(1)
    }
  })

  test('gives up no more connections in two hours of refusals than in its first minutes', async () => {
    const { clock, givenUp, logs } = watched()
    let count = 0
    for (let minute = 0; minute < 120; minute += 1) {
      count += givenUp(30)
      await clock.advance(MINUTE_MS)
    }
    expect(count).toBe(49)
    expect(logs).toHaveLength(1)
  })

  test('is not reassured by a thousand good answers of the minutes before', () => {
    const { givenUp, note } = watched()
    note(1_000, 'ok')
    expect(givenUp(500)).toBe(59)
  })

  test('forgets refusals of more than five minutes ago', async () => {
    const { circuits, clock, note } = watched()
    note(49, 'definitive')
    await clock.advance(5 * MINUTE_MS + 1)
    note(1, 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(true)
  })

  test('believes again once twenty requests have succeeded and the last answers are better', async () => {
    const { circuits, clock, logs, note } = watched()
    note(100, 'definitive')
    await clock.advance(5 * MINUTE_MS + 1)
    note(19, 'ok')
    expect(circuits.mayCondemn('meta')).toBe(false)
    note(1, 'ok')
    expect(circuits.mayCondemn('meta')).toBe(true)
    note(80, 'definitive')
    expect(circuits.mayCondemn('meta')).toBe(false)
    note(40, 'ok')
    expect(circuits.mayCondemn('meta')).toBe(false)
    note(1, 'ok')
    expect(circuits.mayCondemn('meta')).toBe(true)
    expect(logs).toHaveLength(2)
  })
})
