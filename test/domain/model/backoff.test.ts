import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, clampRetryAfter, REFRESH_BACKOFF } from '../../../src/domain/model/backoff.ts'

const steady = { baseMs: 1_000, capMs: 60_000, jitter: 0 }

describe('backoffMs', () => {
  test('doubles from its base up to its cap', () => {
    const waits = [1, 2, 3, 6, 7, 8].map((attempt) => backoffMs(attempt, steady))
    expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  })

  test('is shortened by up to half of itself', () => {
    expect(backoffMs(3, { ...steady, jitter: 0.5 })).toBe(3_000)
    expect(backoffMs(3, { ...steady, jitter: 1 })).toBe(2_000)
    expect(backoffMs(100, { ...steady, jitter: 1 })).toBe(30_000)
  })

  test('stays within the cap after any number of attempts', () => {
    expect(backoffMs(10_000, { ...REFRESH_BACKOFF, jitter: 0 })).toBe(REFRESH_BACKOFF.capMs)
  })

  test('is a whole number between half of its full length and all of it', () => {
    const inputs = [fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true })] as const
    fc.assert(
      fc.property(...inputs, (attempt, jitter) => {
        const full = backoffMs(attempt, { ...REFRESH_BACKOFF, jitter: 0 })
        const wait = backoffMs(attempt, { ...REFRESH_BACKOFF, jitter })
        expect(Number.isSafeInteger(wait)).toBe(true)
        expect(wait).toBeLessThanOrEqual(full)
        expect(wait).toBeGreaterThanOrEqual(Math.floor(full / 2))
      }),
    )
  })
})

describe('clampRetryAfter', () => {
  test.each([
    [999, 1_000],
    [1_000, 1_000],
    [1_001, 1_001],
    [3_599_999, 3_599_999],
    [3_600_000, 3_600_000],
    [3_600_001, 3_600_000],
    [0, 1_000],
    [-5_000, 1_000],
    [1e12, 3_600_000],
    [Infinity, 3_600_000],
    [-Infinity, 1_000],
  ])('obeys %d ms as %d ms', (asked, obeyed) => {
    expect(clampRetryAfter(asked)).toBe(obeyed)
  })

  test('does not know what is absent or no number', () => {
    expect(clampRetryAfter(undefined)).toBeUndefined()
    expect(clampRetryAfter(NaN)).toBeUndefined()
  })
})
