import type { IntegrationError } from '../../domain/errors.ts'
import type { ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import { SECOND_MS } from '../../domain/model/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyName, RetiringKey } from '../../ports/key-inventory.ts'
import type { SealedCursor, SealedRow, SealedValues } from '../../ports/sealed-values.ts'
import { resealRow, sealedIn } from './reseal-row.ts'
import type { ResealDependencies, ResealedRow, ValueOutcome } from './reseal-row.ts'

export interface RotateKeysDependencies extends ResealDependencies {
  readonly sealedValues: SealedValues
  readonly clock: Clock
}

/** How fast, from where and how far a rotation goes. */
export interface RotateKeysOptions {
  /** Connections and queued revocations a second; as many as there are by default. */
  readonly ratePerSecond?: number | undefined
  readonly onProgress?: ((progress: RotationProgress) => void) | undefined
  /** Ends the run after the page under way. */
  readonly signal?: AbortSignal | undefined
  /** Opens every value, and seals and writes nothing. */
  readonly dryRun?: boolean | undefined
  /** `c1.k.<id>`, a retired data key: what is under it is sealed again under the one that seals now. */
  readonly from?: KeyName | undefined
  /** Goes on behind what an earlier run said it had done. */
  readonly after?: SealedCursor | undefined
}

/** How far a rotation has come, told after each page. */
export interface RotationProgress {
  readonly scanned: number
  readonly resealed: number
  /** Where a run that ends here goes on. */
  readonly cursor?: SealedCursor | undefined
}

/** Where a value stands that cannot be opened, and the code of the error. */
export interface UnreadableValue {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly connectionId: string
  readonly field: string
  readonly code: string
}

/** How many values of a key do not open for the same reason. */
export interface UnreadableCount {
  readonly key: KeyName
  readonly code: string
  readonly values: number
  /** What one of them was refused with, for people. */
  readonly message: string
}

/** Counts are of sealed values: a connection has one to three, and more while candidates are kept. */
export interface RotationResult {
  readonly scanned: number
  /** In a dry run, how many would be. */
  readonly resealed: number
  /** Somebody else wrote them meanwhile. */
  readonly skipped: number
  /**
   * They do not open, and were left as they are. A dry run opens everything; a run opens what it seals again, and asks
   * of data keys whether they are still there.
   */
  readonly unreadable: number
  readonly unreadableByKey: readonly UnreadableCount[]
  /** How many values are under each key at the end, `from` also where there are none; in a dry run, now. */
  readonly byKey: Readonly<Record<KeyName, number>>
  /** The keys that only open, and whether any value still needs them. */
  readonly retiring: readonly (RetiringKey & { readonly values: number; readonly isUnused: boolean })[]
  /** Whether everything was gone through: otherwise no key is called unused. */
  readonly isComplete: boolean
  /** Where to go on, when it is not. */
  readonly cursor?: SealedCursor | undefined
  /** The first thousand. */
  readonly problems: readonly UnreadableValue[]
}

const PAGE = 100
const MAX_TRIES = 5
const MAX_PROBLEMS = 1_000

/**
 * Seals everything that is stored under the current keys, while refreshes go on. Interrupted at any point it has lost
 * nothing, and running it again goes on: what is under a current key already costs a look.
 */
export class RotateKeys {
  readonly #deps: RotateKeysDependencies

  constructor(dependencies: RotateKeysDependencies) {
    this.#deps = dependencies
  }

  /** @throws StoreUnavailableError, CipherUnavailableError; what was done until then stays done */
  async run(options: RotateKeysOptions = {}): Promise<RotationResult> {
    const { clock, sealedValues } = this.#deps
    const {
      after,
      dryRun = false,
      from,
      onProgress,
      ratePerSecond = Number.POSITIVE_INFINITY,
      signal,
    } = options
    const tally = new Tally(dryRun, from)
    const startedAt = clock.monotonicMs()
    let [rows, cursor, isAtEnd] = [0, after, false]
    while (!isAtEnd && signal?.aborted !== true) {
      const page = await sealedValues.page(cursor, Math.max(1, Math.floor(Math.min(PAGE, ratePerSecond))))
      await this.#work(page.rows, tally, MAX_TRIES)
      cursor = page.next
      isAtEnd = cursor === undefined
      onProgress?.({ scanned: tally.scanned, resealed: tally.resealed, cursor })
      rows += page.rows.length
      const untilNextMs = startedAt + (rows / ratePerSecond) * SECOND_MS - clock.monotonicMs()
      if (!isAtEnd && untilNextMs > 0) await clock.delay(untilNextMs)
    }
    return { ...tally.result(await this.#deps.keys.retiring(), isAtEnd && after === undefined), cursor }
  }

  /**
   * How many stored values are under each key now. Looks at all of them and opens none, so that it needs no key.
   * @throws StoreUnavailableError
   */
  async countByKey(): Promise<Readonly<Record<KeyName, number>>> {
    const { sealedValues } = this.#deps
    const counts = new Map<KeyName, number>()
    let cursor: SealedCursor | undefined
    do {
      const page = await sealedValues.page(cursor, PAGE)
      for (const key of this.#keysOf(page.rows)) counts.set(key, (counts.get(key) ?? 0) + 1)
      cursor = page.next
    } while (cursor !== undefined)
    return Object.fromEntries(counts)
  }

  /** Whether no stored value needs the key, so that it may be taken away. Looks at all of them. */
  async canRemoveKey(key: KeyName): Promise<boolean> {
    return isUnused(key, await this.countByKey())
  }

  async #work(rows: readonly SealedRow[], tally: Tally, tries: number): Promise<void> {
    const { keys, sealedValues } = this.#deps
    const { from, isDry } = tally
    const lost = isDry ? undefined : await keys.lost(new Set(this.#keysOf(rows)))
    const deps = { ...this.#deps, from, isDry, lost }
    const resealed = await Promise.all(rows.map(async (row) => ({ row, ...(await resealRow(deps, row)) })))
    const changed = resealed.filter(isChanged)
    const outcomes = isDry ? changed.map(() => true) : await sealedValues.replace(changed)
    const missed = new Set(changed.filter((_, index) => outcomes[index] !== true))
    for (const one of resealed) if (!missed.has(one)) tally.add(one.row, one.values)
    for (const one of missed) {
      const now = await sealedValues.read(one.row)
      if (now !== undefined && tries > 1) await this.#work([now], tally, tries - 1)
      else tally.skip(one.values, now !== undefined)
    }
  }

  /** One for each value. */
  #keysOf(rows: readonly SealedRow[]): readonly KeyName[] {
    return rows.flatMap(({ secrets }) => sealedIn(secrets).map((sealed) => this.#deps.keys.keyOf(sealed)))
  }
}

function isChanged({ values }: ResealedRow): boolean {
  return values.some(({ after, before }) => after !== before)
}

/** A value of the earlier format does not say which key it is under: while there is one, any key may be needed. */
function isUnused(key: KeyName, byKey: Readonly<Record<KeyName, number>>): boolean {
  return (byKey[key] ?? 0) === 0 && (byKey['legacy'] ?? 0) === 0
}

class Tally {
  readonly isDry: boolean
  readonly from: KeyName | undefined
  readonly #byKey = new Map<KeyName, number>()
  readonly #problems: UnreadableValue[] = []
  readonly #unreadable = new Map<string, UnreadableCount>()
  #isUncertain = false
  scanned = 0
  resealed = 0
  skipped = 0
  unreadable = 0

  constructor(isDry: boolean, from: KeyName | undefined) {
    this.isDry = isDry
    this.from = from
    if (from !== undefined) this.#byKey.set(from, 0)
  }

  add({ tenantId, provider, connectionId }: SealedRow, values: readonly ValueOutcome[]): void {
    for (const { after, before, field, problem } of values) {
      const key = after ?? before
      this.scanned += 1
      this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + 1)
      if (after !== before) this.resealed += 1
      if (problem === undefined) continue
      this.#count(before, problem)
      if (this.#problems.length < MAX_PROBLEMS)
        this.#problems.push({ tenantId, provider, connectionId, field, code: problem.code })
    }
  }

  #count(key: KeyName, { code, message }: IntegrationError): void {
    this.unreadable += 1
    const kind = `${key} ${code}`
    const { values = 0, ...known } = this.#unreadable.get(kind) ?? { key, code, message }
    this.#unreadable.set(kind, { ...known, values: values + 1 })
  }

  /** What is still there is under a key that nobody knows; what moved to the revocation queue is met there. */
  skip(values: readonly ValueOutcome[], isStillThere: boolean): void {
    this.scanned += values.length
    this.skipped += values.length
    this.#isUncertain ||= isStillThere
  }

  result(retiring: readonly RetiringKey[], isWhole: boolean): RotationResult {
    const { resealed, scanned, skipped, unreadable } = this
    const byKey = Object.fromEntries(this.#byKey)
    const isComplete = isWhole && !this.#isUncertain
    return {
      ...{ scanned, resealed, skipped, unreadable, byKey, isComplete },
      retiring: retiring.map((one) => ({
        ...one,
        values: byKey[one.key] ?? 0,
        isUnused: isComplete && isUnused(one.key, byKey),
      })),
      unreadableByKey: [...this.#unreadable.values()],
      problems: this.#problems,
    }
  }
}
