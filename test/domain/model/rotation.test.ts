import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isReplaySafe, mayRevokeOnReuse, refreshTimings } from '../../../src/domain/model/rotation.ts'
import type { RotationClass } from '../../../src/domain/model/rotation.ts'
import { MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'

const all: readonly RotationClass[] = [
  { kind: 'none' },
  { kind: 'grace', graceMs: 30 * SECOND_MS },
  { kind: 'single_use' },
  { kind: 'single_use_revoking' },
  { kind: 'unknown' },
]

describe('refreshTimings', () => {
  test.each(all)('lets a lease outlive its request, and a request its callers: %j', (rotation) => {
    const { softTimeoutMs, hardTimeoutMs, leaseTtlMs } = refreshTimings(rotation)
    expect(softTimeoutMs).toBeLessThanOrEqual(hardTimeoutMs)
    expect(hardTimeoutMs).toBeLessThan(leaseTtlMs)
    expect(softTimeoutMs).toBeLessThanOrEqual(10 * SECOND_MS)
  })

  test('waits out paused holders where a second request could destroy the grant', () => {
    for (const kind of ['single_use', 'single_use_revoking', 'unknown'] as const) {
      const { leaseTtlMs } = refreshTimings({ kind })
      expect(leaseTtlMs).toBeGreaterThanOrEqual(10 * MINUTE_MS)
      expect(leaseTtlMs).toBeLessThanOrEqual(15 * MINUTE_MS)
    }
  })

  test('leaves a minute after the last moment of a request that may be repeated', () => {
    const { hardTimeoutMs, leaseTtlMs } = refreshTimings({ kind: 'none' })
    expect(leaseTtlMs).toBe(hardTimeoutMs + MINUTE_MS)
    expect(hardTimeoutMs).toBeGreaterThanOrEqual(MINUTE_MS)
    expect(hardTimeoutMs).toBeLessThanOrEqual(90 * SECOND_MS)
  })

  test('leaves time within any grace for a second attempt', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 24 * 60 * MINUTE_MS }), (graceMs) => {
        const { softTimeoutMs, hardTimeoutMs, leaseTtlMs } = refreshTimings({ kind: 'grace', graceMs })
        expect(leaseTtlMs).toBeLessThan(graceMs / 2)
        expect(hardTimeoutMs).toBeLessThan(leaseTtlMs)
        expect(softTimeoutMs).toBeLessThanOrEqual(hardTimeoutMs)
        expect(softTimeoutMs).toBeGreaterThan(0)
      }),
    )
  })

  test('lets every request that may still begin end within its lease, whatever the rotation', () => {
    const graces = fc.integer({ min: 10, max: 24 * 60 * MINUTE_MS })
    const graced = graces.map((graceMs): RotationClass => ({ kind: 'grace', graceMs }))
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...all), graced), (rotation) => {
        const { hardTimeoutMs, leaseTtlMs, presentWithinMs, sendWithinMs } = refreshTimings(rotation)
        expect(sendWithinMs).toBeLessThanOrEqual(presentWithinMs)
        expect(presentWithinMs + hardTimeoutMs).toBeLessThan(leaseTtlMs)
      }),
    )
  })

  test('needs no longer lease for a long grace than for none', () => {
    const long = refreshTimings({ kind: 'grace', graceMs: 24 * 60 * MINUTE_MS })
    expect(long).toEqual(refreshTimings({ kind: 'none' }))
  })
})

describe('isReplaySafe', () => {
  test('is so only where asking twice cannot lose the grant', () => {
    expect(all.filter(isReplaySafe).map(({ kind }) => kind)).toEqual(['none', 'grace'])
  })
})

describe('mayRevokeOnReuse', () => {
  test('is so where the platform says it, and where it says nothing', () => {
    expect(all.filter(mayRevokeOnReuse).map(({ kind }) => kind)).toEqual(['single_use_revoking', 'unknown'])
  })
})
