import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  assessFreshness,
  dueInMs,
  effectiveMargin,
  mayRenewAhead,
} from '../../../src/domain/model/freshness.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/domain/model/time.ts'

describe('assessFreshness', () => {
  test.each([
    [5 * MINUTE_MS + 1, 'fresh'],
    [5 * MINUTE_MS, 'ahead'],
    [5 * MINUTE_MS - 1, 'ahead'],
    [1, 'ahead'],
    [0, 'expired'],
    [-1, 'expired'],
  ])(
    'judges a token of an hour with %d ms left, at a margin of 5 minutes, as %s',
    (remainingMs, expected) => {
      expect(assessFreshness({ remainingMs, lifetimeMs: HOUR_MS }, 5 * MINUTE_MS)).toBe(expected)
    },
  )

  test('never takes more than a third of a short life for the margin', () => {
    const minute = (remainingMs: number) =>
      assessFreshness({ remainingMs, lifetimeMs: MINUTE_MS }, 5 * MINUTE_MS)
    expect(minute(MINUTE_MS)).toBe('fresh')
    expect(minute(20_001)).toBe('fresh')
    expect(minute(20_000)).toBe('ahead')
    expect(minute(0)).toBe('expired')
  })

  test('takes a token without a known end for fresh', () => {
    expect(assessFreshness({ remainingMs: null, lifetimeMs: null }, DAY_MS)).toBe('fresh')
  })

  test('uses the whole margin where the life is not known', () => {
    expect(effectiveMargin(null, DAY_MS)).toBe(DAY_MS)
    expect(assessFreshness({ remainingMs: HOUR_MS, lifetimeMs: null }, DAY_MS)).toBe('ahead')
  })
})

describe('mayRenewAhead', () => {
  const sixtyDays = 60 * DAY_MS

  test('waits until the token is old enough for its platform', () => {
    const ofAge = (ageMs: number) =>
      mayRenewAhead({ remainingMs: sixtyDays - ageMs, lifetimeMs: sixtyDays }, DAY_MS)
    expect(ofAge(DAY_MS - 1)).toBe(false)
    expect(ofAge(DAY_MS)).toBe(true)
    expect(ofAge(DAY_MS + 1)).toBe(true)
  })

  test('waits no longer than half the life of a short-lived token', () => {
    const ofAge = (ageMs: number) =>
      mayRenewAhead({ remainingMs: HOUR_MS - ageMs, lifetimeMs: HOUR_MS }, DAY_MS)
    expect(ofAge(HOUR_MS / 2 - 1)).toBe(false)
    expect(ofAge(HOUR_MS / 2)).toBe(true)
  })

  test('does not wait where the platform does not care or the age is not known', () => {
    expect(mayRenewAhead({ remainingMs: HOUR_MS, lifetimeMs: HOUR_MS }, 0)).toBe(true)
    expect(mayRenewAhead({ remainingMs: null, lifetimeMs: null }, DAY_MS)).toBe(true)
    expect(mayRenewAhead({ remainingMs: HOUR_MS, lifetimeMs: null }, DAY_MS)).toBe(true)
  })
})

describe('dueInMs', () => {
  test('is the start of the window, spread over its first tenth', () => {
    expect(dueInMs(60 * DAY_MS, 7 * DAY_MS, 0)).toBe(53 * DAY_MS)
    expect(dueInMs(60 * DAY_MS, 7 * DAY_MS, 1)).toBe(53.7 * DAY_MS)
  })

  test('leaves a short-lived token two thirds of its life', () => {
    expect(dueInMs(30 * MINUTE_MS, 20 * MINUTE_MS, 0)).toBe(20 * MINUTE_MS)
  })

  test('is a whole number inside the window for any token, and at once for a dead one', () => {
    const lifetime = fc.integer({ min: 1, max: 3_650 * DAY_MS })
    const jitter = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        lifetime,
        fc.integer({ min: 0, max: 30 * DAY_MS }),
        jitter,
        (expiresInMs, windowMs, drawn) => {
          const due = dueInMs(expiresInMs, windowMs, drawn)
          expect(Number.isSafeInteger(due)).toBe(true)
          expect(due).toBeGreaterThanOrEqual(Math.floor(expiresInMs - windowMs))
          expect(due).toBeLessThanOrEqual(expiresInMs)
        },
      ),
    )
    expect(dueInMs(0, DAY_MS, 0.5)).toBe(0)
  })
})
