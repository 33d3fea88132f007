/** One side of a comparison: does its work `count` times. */
export type Side = (count: number) => Promise<void>

export interface Comparison {
  readonly ours: Side
  readonly bare: Side
  /** Makes ready what a side's next turn will use up; its time is not counted. */
  readonly prepareOurs?: Side
  readonly prepareBare?: Side
  /** About how long one side's turn in a round takes. */
  readonly turnMs?: number
  readonly rounds?: number
}

export interface Outcome {
  /** Median over the rounds of our time divided by the bare time of the same round. */
  readonly timeRatio: number
  /** Median microseconds a piece of work. */
  readonly oursUs: number
  readonly bareUs: number
}

/**
 * Both sides in turn, in short turns and changing order: whatever else the machine does falls on both. Seconds of the same
 * before that warm up and are not counted.
 */
export async function compare(comparison: Comparison): Promise<Outcome> {
  const { turnMs = 50, rounds = 41 } = comparison
  const ours = contestant(comparison.ours, comparison.prepareOurs)
  const bare = contestant(comparison.bare, comparison.prepareBare)
  await warmUp(async () => {
    await calibrated(ours, turnMs)
    await calibrated(bare, turnMs)
  })
  const [oursCount, bareCount] = [await calibrated(ours, turnMs), await calibrated(bare, turnMs)]
  const taken: { ours: number; bare: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const first = await ours(oursCount)
      taken.push({ ours: first, bare: await bare(bareCount) })
    } else {
      const first = await bare(bareCount)
      taken.push({ ours: await ours(oursCount), bare: first })
    }
  }
  return {
    timeRatio: median(taken.map((round) => round.ours / round.bare)),
    oursUs: median(taken.map((round) => round.ours)),
    bareUs: median(taken.map((round) => round.bare)),
  }
}

const WARM_UP_MS = 4_000

/** A process that asks for tokens has run for a while: at one piece at a time V8 needs seconds to compile what is asked often. */
async function warmUp(both: () => Promise<void>): Promise<void> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < WARM_UP_MS) await both()
}

/** Runs `work` again and again, `concurrency` at a time. */
export function concurrently(concurrency: number, work: (turn: number) => Promise<unknown>): Side {
  let turn = 0
  return async (count) => {
    const end = turn + count
    const loop = async (): Promise<void> => {
      while (turn < end) await work(turn++)
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new Error('nothing was measured')
  return (low + high) / 2
}

/** An item for each turn, neighbours in time far apart in the list. */
export function pick<Item>(items: readonly Item[], turn: number): Item {
  const item = items[(turn * 7_919) % items.length]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}

/** Does its work a number of times and resolves the microseconds a piece. */
type Contestant = (count: number) => Promise<number>

function contestant(side: Side, prepare: Side | undefined): Contestant {
  return async (count) => {
    await prepare?.(count)
    const startedAt = performance.now()
    await side(count)
    return ((performance.now() - startedAt) * 1_000) / count
  }
}

/** How many pieces fill a turn. */
async function calibrated(contestant: Contestant, turnMs: number): Promise<number> {
  let count = 1
  for (let spentMs = 0; spentMs < 10 * turnMs;) {
    const us = await contestant(count)
    spentMs += (us * count) / 1_000
    count = Math.max(1, Math.min(count * 4, Math.round((turnMs * 1_000) / us)))
  }
  return count
}
