import { describe, expect, test } from 'vitest'
import { isIntegrationError } from '../../../src/domain/errors.ts'
import { STATE_LIFETIME_MS } from '../../../src/domain/model/pending-authorization.ts'
import { startWindows } from '../../../src/domain/model/start-limits.ts'
import { MINUTE_MS } from '../../../src/domain/model/time.ts'

describe('startWindows', () => {
  test('asks the narrowest count first, with 10, 60 and 1,000 when nothing is said', () => {
    expect(startWindows()).toEqual([
      { of: 'initiator', most: 10, lengthMs: MINUTE_MS },
      { of: 'tenant', most: 60, lengthMs: MINUTE_MS },
      { of: 'states', most: 1_000, lengthMs: STATE_LIFETIME_MS },
    ])
  })

  test('takes what a host sets and keeps the rest', () => {
    expect(startWindows({ perTenant: 1 }).map(({ most }) => most)).toEqual([10, 1, 1_000])
    expect(startWindows({ liveStates: 1_000_000_000 }).map(({ most }) => most)).toEqual([
      10, 60, 1_000_000_000,
    ])
  })

  test('names every limit that is no whole number in range', () => {
    const limits = { perInitiator: 0, perTenant: 1.5, liveStates: 1_000_000_001 }
    const problems = problemsOf(() => startWindows(limits))
    expect(problems?.map((problem) => problem.split(':')[0])).toEqual([
      'limits.perInitiator',
      'limits.perTenant',
      'limits.liveStates',
    ])
    expect(problemsOf(() => startWindows({ perTenant: NaN }))).toHaveLength(1)
    expect(problemsOf(() => startWindows({ perTenant: -1 }))).toHaveLength(1)
  })

  test('lets a state live for ten minutes', () => {
    expect(STATE_LIFETIME_MS).toBe(600_000)
  })
})

function problemsOf(action: () => unknown): readonly string[] | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return isIntegrationError(error) && error.code === 'config_invalid' ? error.problems : undefined
  }
}
