import { initial, stateOf, textOf } from './refresh-model-state.ts'
import type { Clauses, Scenario, State } from './refresh-model-state.ts'
import { successors } from './refresh-model-steps.ts'

export interface Findings {
  readonly states: number
  readonly ends: number
  /** Of all ends, how many show which wrong. */
  readonly wrongs: Readonly<Record<string, number>>
}

/**
 * Walks through every interleaving of two processes with two attempts each, and looks at every end.
 * @param wanted stop as soon as this wrong was found
 */
export function explore(scenario: Scenario, clauses: Clauses, wanted?: string): Findings {
  const start = textOf(initial(scenario))
  const seen = new Set([start])
  const pending = [start]
  const wrongs: Record<string, number> = {}
  let ends = 0
  const isFound = (): boolean => wanted !== undefined && wrongs[wanted] !== undefined
  for (let text = pending.pop(); text !== undefined && !isFound(); text = pending.pop()) {
    const next = successors(text, scenario, clauses)
    for (const each of next.filter((one) => !seen.has(one))) {
      seen.add(each)
      pending.push(each)
    }
    if (next.length > 0) continue
    ends += 1
    const state = stateOf(text)
    for (const wrong of [...state.wrongs, ...wrongsAtEnd(state)]) wrongs[wrong] = (wrongs[wrong] ?? 0) + 1
  }
  return { states: seen.size, ends, wrongs }
}

function wrongsAtEnd({ row, provider, lost }: State): readonly string[] {
  if (provider.isEnded) return []
  const held = [row.token, ...row.candidates]
  const isUsable = held.some((token) => provider.live.includes(token))
  if (isUsable) return row.status === 'needs_reauth' ? ['false alarm'] : []
  return provider.live.some((token) => !lost.includes(token)) ? ['avoidable loss'] : []
}
