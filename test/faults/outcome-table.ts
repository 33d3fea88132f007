import type { Granted } from './fault-world.ts'
import type { Outcome } from './recovery.ts'

/** By rotation, how many connections came to which outcome. */
export type Outcomes = Readonly<Record<string, Readonly<Record<Outcome, number>>>>

/** What became of the connections, by rotation and by what happened; for people to read. */
export class OutcomeTable {
  readonly #rotations: readonly string[]
  readonly #columns = new Map<string, ReadonlyMap<Granted, Outcome>>()

  constructor(rotations: readonly string[]) {
    this.#rotations = rotations
  }

  add(column: string, outcomes: ReadonlyMap<Granted, Outcome>): Outcomes {
    this.#columns.set(column, outcomes)
    return Object.fromEntries(this.#rotations.map((rotation) => [rotation, countOf(of(rotation, outcomes))]))
  }

  text(title: string): string {
    const head = ['', ...this.#columns.keys()]
    const rows = this.#rotations.map((rotation) => [
      rotation,
      ...[...this.#columns.values()].map((outcomes) => cell(of(rotation, outcomes))),
    ])
    const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => row[index]?.length ?? 0)))
    const lines = [head, ...rows].map((row) =>
      row.map((text, index) => text.padEnd(widths[index] ?? 0)).join('  '),
    )
    return [title, ...lines].join('\n')
  }
}

function of(
  rotation: string,
  outcomes: ReadonlyMap<Granted, Outcome>,
): readonly (readonly [Granted, Outcome])[] {
  return [...outcomes].filter(([{ key }]) => key.provider === rotation)
}

function countOf(outcomes: readonly (readonly [Granted, Outcome])[]): Readonly<Record<Outcome, number>> {
  const counts: Record<Outcome, number> = {}
  for (const [, outcome] of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

function cell(outcomes: readonly (readonly [Granted, Outcome])[]): string {
  const calls = outcomes.map(([granted]) => granted.truth().tokenCalls)
  const [fewest, most] = [Math.min(...calls), Math.max(...calls)]
  const range = fewest === most ? `c${most}` : `c${fewest}-${most}`
  return `${countOf(outcomes)['usable'] ?? 0}/${outcomes.length} ${range}`
}
