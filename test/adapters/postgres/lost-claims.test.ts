import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LostClaims } from '../../../src/adapters/postgres/lost-claims.ts'
import { MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A database that answers from a list, and from then on with its last answer; `undefined`: it is away. */
function answering(...answers: readonly (number | undefined)[]): {
  readonly giveBack: () => Promise<number>
  readonly askedAfterMs: number[]
} {
  const startedAt = performance.now()
  const askedAfterMs: number[] = []
  const giveBack = async (): Promise<number> => {
    const answer = answers[Math.min(askedAfterMs.length, answers.length - 1)]
    askedAfterMs.push(performance.now() - startedAt)
    if (answer === undefined) throw new Error('away')
    return answer
  }
  return { giveBack, askedAfterMs }
}

describe('A claim whose answer was lost', () => {
  test('is looked for until nothing of it is left', async () => {
    const { giveBack, askedAfterMs } = answering(0, 3, 1, 0)
    new LostClaims().add(giveBack, 12 * MINUTE_MS)
    await vi.advanceTimersByTimeAsync(20 * MINUTE_MS)
    expect(askedAfterMs).toEqual([100, 300, 700, 1_500])
  })

  test('is looked for as long as its statement may still arrive, where it is not found', async () => {
    const { giveBack, askedAfterMs } = answering(0)
    new LostClaims().add(giveBack, 12 * MINUTE_MS)
    await vi.advanceTimersByTimeAsync(20 * MINUTE_MS)
    expect(askedAfterMs.at(-1)).toBeGreaterThan(15 * SECOND_MS)
    expect(askedAfterMs.at(-1)).toBeLessThan(21 * SECOND_MS)
  })

  test('is looked for while the database is away, and no longer than its lease lasts', async () => {
    const { giveBack, askedAfterMs } = answering(undefined)
    const lost = new LostClaims()
    lost.add(giveBack, 12 * MINUTE_MS)
    await vi.advanceTimersByTimeAsync(20 * MINUTE_MS)
    expect(askedAfterMs.at(-1)).toBeGreaterThan(12 * MINUTE_MS - 6 * SECOND_MS)
    expect(askedAfterMs.at(-1)).toBeLessThanOrEqual(12 * MINUTE_MS)
    const next = answering(1, 0)
    lost.add(next.giveBack, MINUTE_MS)
    await vi.advanceTimersByTimeAsync(SECOND_MS)
    expect(next.askedAfterMs).toHaveLength(2)
  })
})
