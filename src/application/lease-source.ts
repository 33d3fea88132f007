import type { TokenLifecycleService } from '../domain/services/token-lifecycle-service.ts'
import type { ProviderName } from '../domain/model/identifiers.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import { momentOf } from '../ports/clock.ts'
import type { Clock, Moment } from '../ports/clock.ts'
import type { DueConnections } from '../ports/due-connections.ts'
import type { ClaimRequest, RefreshLease } from '../ports/refresh-leases.ts'
import type { ProviderRegistry } from './provider-registry.ts'

export interface LeaseSourceDependencies {
  readonly lifecycle: TokenLifecycleService
  readonly due: DueConnections
  readonly providers: ProviderRegistry
  readonly clock: Clock
}

export interface LeaseSourceOptions {
  readonly concurrency: number
  /** Stop claiming after this many connections. */
  readonly limit: number | undefined
  readonly isStopping: () => boolean
}

/** A lease and when it was claimed. */
interface ClaimedLease {
  readonly lease: RefreshLease
  readonly claimedAt: Moment
}

/** Connections whose app has to wait longer than this are left to the next run. */
const MAX_HELD_BACK_MS = 5 * SECOND_MS
/** The share of the slots that one of several providers may hold: if it hangs, the others keep the rest. */
const LARGEST_SHARE = 3 / 4

/**
 * Hands out leases one by one, to be given to `finished`, and claims the next batch while the last is being worked on.
 * No provider gets more than its share of the slots.
 */
export class LeaseSource {
  readonly #deps: LeaseSourceDependencies
  readonly #options: LeaseSourceOptions
  readonly #ready: ClaimedLease[] = []
  readonly #working = new Map<ProviderName, number>()
  /** Providers that had nothing due at the last claim. */
  readonly #exhausted = new Set<ProviderName>()
  readonly #waiting: (() => void)[] = []
  readonly #share: number
  #claimed = 0
  #failure: Error | undefined
  #claiming: Promise<void> | undefined

  constructor(dependencies: LeaseSourceDependencies, options: LeaseSourceOptions) {
    this.#deps = dependencies
    this.#options = options
    const { concurrency } = options
    const isAlone = dependencies.providers.names().length <= 1
    this.#share = isAlone ? concurrency : Math.max(1, Math.floor(concurrency * LARGEST_SHARE))
  }

  /** The error that ended claiming early, if there was one. */
  get failure(): Error | undefined {
    return this.#failure
  }

  async next(): Promise<ClaimedLease | undefined> {
    for (;;) {
      if (this.#options.isStopping()) return undefined
      const startable = this.#ready.filter(({ lease }) => this.#hasSlotFor(lease.provider))
      if (startable.length < this.#options.concurrency / 2) this.#claimMore()
      const [first] = startable
      if (first !== undefined) return this.#handOut(first)
      if (this.#claiming !== undefined) await this.#claiming
      else if (this.#ready.length > 0 || this.#isAnyoneFull()) await this.#nextFinished()
      else return undefined
    }
  }

  /** To be called when work on a lease from `next` has ended, in whatever way. */
  finished({ lease: { provider } }: ClaimedLease): void {
    this.#working.set(provider, this.#workingOn(provider) - 1)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** The leases that were claimed but not handed out when the run was stopped. */
  async left(): Promise<readonly RefreshLease[]> {
    await this.#claiming
    return this.#ready.splice(0).map(({ lease }) => lease)
  }

  #handOut(ready: ClaimedLease): ClaimedLease {
    const { provider } = ready.lease
    this.#ready.splice(this.#ready.indexOf(ready), 1)
    this.#working.set(provider, this.#workingOn(provider) + 1)
    return ready
  }

  #workingOn(provider: ProviderName): number {
    return this.#working.get(provider) ?? 0
  }

  #hasSlotFor(provider: ProviderName): boolean {
    return this.#workingOn(provider) < this.#share
  }

  /** The provider holds its share of the slots, and enough of its leases are ready for when a slot becomes free. */
  #isFull(provider: ProviderName): boolean {
    const ready = this.#ready.filter(({ lease }) => lease.provider === provider)
    return !this.#hasSlotFor(provider) && ready.length >= this.#share / 2
  }

  /** Whether some provider may have more due but was not asked because it is full. */
  #isAnyoneFull(): boolean {
    if (this.#failure !== undefined || this.#left() <= 0) return false
    const names = this.#deps.providers.names()
    return names.some((name) => !this.#exhausted.has(name) && this.#isFull(name))
  }

  async #nextFinished(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #left(): number {
    return (this.#options.limit ?? Infinity) - this.#claimed
  }

  #claimMore(): void {
    if (this.#claiming !== undefined || this.#failure !== undefined || this.#left() <= 0) return
    const names = this.#deps.providers
      .names()
      .filter((name) => !this.#exhausted.has(name) && !this.#isFull(name))
    if (names.length === 0) return
    this.#claiming = this.#claim(names, Math.min(this.#options.concurrency, this.#left())).finally(() => {
      this.#claiming = undefined
    })
  }

  /** Never rejects: work on the previous batch must not be disturbed. */
  async #claim(names: readonly ProviderName[], limit: number): Promise<void> {
    const { clock, due, lifecycle, providers } = this.#deps
    const claimedAt = momentOf(clock)
    try {
      const { leases, heldBackMs } = await due.claimDue({
        limit,
        maxPerTenant: Math.max(1, Math.ceil(limit / 4)),
        providers: names,
        claims: Object.fromEntries(
          names.map((name) => [name, withShortWait(lifecycle.claimRequest(providers.get(name)))]),
        ),
      })
      this.#claimed += leases.length
      this.#ready.push(...leases.map((lease) => ({ lease, claimedAt })))
      if (leases.length > 0) return this.#exhausted.clear()
      if (heldBackMs !== undefined && heldBackMs <= MAX_HELD_BACK_MS) await clock.delay(heldBackMs)
      else for (const name of names) this.#exhausted.add(name)
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error('The due connections cannot be claimed')
    }
  }
}

/** A batch is worked on right away, so it takes no turns that are far off. */
function withShortWait(request: ClaimRequest): ClaimRequest {
  return { ...request, maxWaitMs: Math.min(request.maxWaitMs, SECOND_MS) }
}
