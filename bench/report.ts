/** One figure of a benchmark. */
export interface Result {
  readonly name: string
  /** What it is measured in is said by the benchmark: nearly always a quotient of two medians of one run. */
  readonly ratio: number
  /** Where it should be. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
  /** The figures behind it, for a reader. */
  readonly detail?: string
}

export interface BenchmarkOptions {
  /** The size that the target is stated for, where that takes minutes. */
  readonly isFull: boolean
  /** Progress, for people: never standard output. */
  readonly note: (...words: unknown[]) => void
}

export type Benchmark = (options: BenchmarkOptions) => Promise<readonly Result[]>

export function printJson(results: readonly Result[]): void {
  const rows = results.map(({ name, ratio }) => ({ name, ratio: rounded(ratio) }))
  process.stdout.write(`${JSON.stringify({ results: rows })}\n`)
}

export function printTable(title: string, results: readonly Result[]): void {
  const width = Math.max(...results.map(({ name }) => name.length))
  const lines = results.map(({ name, ratio, target, detail }) => {
    const verdict = target === undefined ? '' : judge(ratio, target)
    return `  ${name.padEnd(width)}  ${String(rounded(ratio)).padStart(9)}  ${verdict.padEnd(22)}  ${detail ?? ''}`
  })
  process.stdout.write(`${title}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`)
}

function judge(ratio: number, target: NonNullable<Result['target']>): string {
  const isMet = 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost
  const wanted = 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`
  return `${isMet ? 'met' : 'MISSED'} (${wanted})`
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(4))
}
