/** Draws that come again with the same seed. */
export interface SeededRandom {
  /** A whole number of milliseconds below `ms`. */
  below(ms: number): number
}

/** Says its seed, so that a run can be had once more: `FAULTS_SEED=<seed> npm run test:faults`. */
export function seededRandom(what: string): SeededRandom {
  const given = Number(process.env['FAULTS_SEED'])
  const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_ffff)
  console.log(`${what}: seed ${seed}`)
  let state = seed
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { below: (ms) => Math.floor(next() * ms) }
}
