import { describe, expect, test } from 'vitest'
import { EVERY_CLAUSE } from './refresh-model-state.ts'
import type { Clauses, Fault, Scenario } from './refresh-model-state.ts'
import { explore } from './refresh-model.ts'

const NO_FAULTS: Readonly<Record<Fault, number>> = { pause: 0, crash: 0, lose: 0, storeFails: 0, ackLost: 0 }
const ANYWHERE = ['claimed', 'sent', 'answered', 'got', 'refused'] as const

/** What may go wrong without anything being lost that need not be. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'no fault, single use': { mode: 'single_use', faults: NO_FAULTS, pausedIn: [] },
  'no fault, revoking': { mode: 'revoking', faults: NO_FAULTS, pausedIn: [] },
  'everything, not rotated': {
    mode: 'none',
    faults: { pause: 1, crash: 1, lose: 1, storeFails: 1, ackLost: 1 },
    pausedIn: ANYWHERE,
  },
  'everything, single use': {
    mode: 'single_use',
    faults: { pause: 1, crash: 1, lose: 1, storeFails: 1, ackLost: 1 },
    pausedIn: ANYWHERE,
  },
  'a grace that kills siblings, pauses and failing stores': {
    mode: 'newest',
    faults: { ...NO_FAULTS, pause: 2, storeFails: 1, ackLost: 1 },
    pausedIn: ANYWHERE,
  },
  'revoking, pauses before sending, crashes and lost answers': {
    mode: 'revoking',
    faults: { ...NO_FAULTS, pause: 2, crash: 1, lose: 1, ackLost: 1 },
    pausedIn: ['claimed'],
  },
}

/** Which scenario shows what each clause is for. */
const WITHOUT: readonly (readonly [keyof Clauses, string, string])[] = [
  ['versionPredicate', 'everything, single use', 'avoidable loss'],
  ['ownedRelease', 'revoking, pauses before sending, crashes and lost answers', 'harmful replay'],
  ['heal', 'everything, single use', 'avoidable loss'],
  ['deadlineCheck', 'revoking, pauses before sending, crashes and lost answers', 'harmful replay'],
  ['keepListening', 'everything, single use', 'avoidable loss'],
  ['candidates', 'a grace that kills siblings, pauses and failing stores', 'avoidable loss'],
  ['freshVerdict', 'a grace that kills siblings, pauses and failing stores', 'false alarm'],
  ['uncertainTakeover', 'everything, single use', 'premature verdict'],
  ['storeRetry', 'everything, single use', 'avoidable loss'],
]

function scenario(name: string): Scenario {
  const found = SCENARIOS[name]
  if (found === undefined) throw new Error(`there is no scenario ${name}`)
  return found
}

describe('Every interleaving of two processes', () => {
  test.each(Object.keys(SCENARIOS))('ends well: %s', (name) => {
    const { wrongs, ends, states } = explore(scenario(name), EVERY_CLAUSE)
    expect(wrongs).toEqual({})
    expect(ends).toBeGreaterThan(0)
    expect(states).toBeGreaterThan(ends)
  })

  test.each(WITHOUT)('would not end well without %s', (clause, name, wrong) => {
    const { wrongs } = explore(scenario(name), { ...EVERY_CLAUSE, [clause]: false }, wrong)
    expect(wrongs[wrong]).toBeGreaterThan(0)
  })
})
