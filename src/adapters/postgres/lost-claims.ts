interface LostClaim {
  readonly giveBack: () => Promise<number>
  readonly lostAt: number
  readonly leaseTtlMs: number
  hasFound: boolean
}

const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 5_000
/** So long after its answer was given up a statement may still reach the server: as long as a pool waits for one. */
const STILL_ARRIVING_MS = 15_000

/**
 * Claims whose answer was lost with its connection: nobody knows whether they were made, and everybody would wait for
 * leases that nobody works under. They are looked for and given back behind the callers, one after the other, for as
 * long as they may still be made or the database is away, and no longer than their leases last.
 */
export class LostClaims {
  readonly #lost = new Set<LostClaim>()
  #waitMs = FIRST_WAIT_MS

  /** `giveBack` ends the leases of this claim and of no other, and resolves with how many it found. */
  add(giveBack: () => Promise<number>, leaseTtlMs: number): void {
    this.#lost.add({ giveBack, lostAt: performance.now(), leaseTtlMs, hasFound: false })
    this.#waitMs = FIRST_WAIT_MS
    if (this.#lost.size === 1) this.#lookLater()
  }

  /** The process may end before: the leases then run out. */
  #lookLater(): void {
    setTimeout(() => void this.#look(), this.#waitMs).unref()
    this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS)
  }

  async #look(): Promise<void> {
    for (const claim of [...this.#lost]) {
      if (!(await isOver(claim))) continue
      this.#lost.delete(claim)
    }
    if (this.#lost.size > 0) this.#lookLater()
  }
}

/** A row that somebody else was changing is left out of a batch that is given back, so that it is looked for once more. */
async function isOver(claim: LostClaim): Promise<boolean> {
  const passedMs = performance.now() - claim.lostAt
  if (passedMs > claim.leaseTtlMs) return true
  try {
    if ((await claim.giveBack()) === 0) return claim.hasFound || passedMs > STILL_ARRIVING_MS
    claim.hasFound = true
    return false
  } catch {
    return false
  }
}
