import type { TokenLifecycleService } from '../domain/services/token-lifecycle-service.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
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

/** A lease and when it was claimed, on the monotonic clock. */
interface ClaimedLease {
  readonly lease: RefreshLease
  readonly claimedAt: number
}

/** What has to wait for its app longer than this is left to the next run. */
const LONGEST_HELD_BACK_MS = 5 * SECOND_MS

/** Hands out leases one by one and claims the next batch while the last is being worked on. */
export class LeaseSource {
  readonly #deps: LeaseSourceDependencies
  readonly #options: LeaseSourceOptions
  readonly #ready: ClaimedLease[] = []
  #claimed = 0
  #isExhausted = false
  #failure: Error | undefined
  #claiming: Promise<void> | undefined

  constructor(dependencies: LeaseSourceDependencies, options: LeaseSourceOptions) {
    this.#deps = dependencies
    this.#options = options
  }

  /** Why there was nothing more to hand out, if it was not that nothing more is due. */
  get failure(): Error | undefined {
    return this.#failure
  }

  async next(): Promise<ClaimedLease | undefined> {
    for (;;) {
      if (this.#options.isStopping()) return undefined
      if (this.#ready.length < this.#options.concurrency / 2) this.#claimMore()
      const ready = this.#ready.shift()
      if (ready !== undefined) return ready
      if (this.#claiming === undefined) return undefined
      await this.#claiming
    }
  }

  /** What was claimed and not handed out, when the run is stopped. */
  async left(): Promise<readonly RefreshLease[]> {
    await this.#claiming
    return this.#ready.splice(0).map(({ lease }) => lease)
  }

  #claimMore(): void {
    const { concurrency, limit } = this.#options
    if (this.#claiming !== undefined || this.#isExhausted) return
    const left = (limit ?? Infinity) - this.#claimed
    if (left <= 0) return
    this.#claiming = this.#claim(Math.min(concurrency, left)).finally(() => {
      this.#claiming = undefined
    })
  }

  /** Never rejects: whoever works on the batch before must not be disturbed. */
  async #claim(limit: number): Promise<void> {
    const { clock, due, lifecycle, providers } = this.#deps
    const names = providers.names()
    const claimedAt = clock.monotonicMs()
    try {
      const { leases, heldBackMs } = await due.claimDue({
        limit,
        mostPerTenant: Math.max(1, Math.ceil(limit / 4)),
        providers: names,
        claims: Object.fromEntries(
          names.map((name) => [name, soon(lifecycle.claimRequest(providers.get(name)))]),
        ),
      })
      this.#claimed += leases.length
      this.#ready.push(...leases.map((lease) => ({ lease, claimedAt })))
      if (leases.length > 0) return
      if (heldBackMs !== undefined && heldBackMs <= LONGEST_HELD_BACK_MS) await clock.delay(heldBackMs)
      else this.#isExhausted = true
    } catch (error) {
      this.#isExhausted = true
      this.#failure = error instanceof Error ? error : new Error('The due connections cannot be claimed')
    }
  }
}

/** A batch is worked on at once, so it takes no turns that come much later. */
function soon(request: ClaimRequest): ClaimRequest {
  return { ...request, mostWaitMs: Math.min(request.mostWaitMs, SECOND_MS) }
}
