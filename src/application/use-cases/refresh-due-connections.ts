import { ConfigInvalidError, isIntegrationError } from '../../domain/errors.ts'
import type { ConnectionLabel, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import { MINUTE_MS, SECOND_MS } from '../../domain/model/time.ts'
import type { RevocationService } from '../../domain/services/revocation-service.ts'
import type { TokenLifecycleService } from '../../domain/services/token-lifecycle-service.ts'
import type { Background } from '../../ports/background.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DueConnections } from '../../ports/due-connections.ts'
import type { ClaimRequest, PendingRevocations, RefreshLease } from '../../ports/refresh-leases.ts'
import type { Meter } from '../meter.ts'
import type { ProviderRegistry } from '../provider-registry.ts'

export interface RefreshDueDependencies {
  readonly lifecycle: TokenLifecycleService
  readonly due: DueConnections
  readonly pendingRevocations: PendingRevocations
  readonly revocations: RevocationService
  readonly providers: ProviderRegistry
  readonly clock: Clock
  readonly meter: Meter
  /** Whether the process is about to end: nothing more is claimed then. */
  readonly background: Background & { readonly isClosing: boolean }
}

export interface RefreshDueOptions {
  /** How many connections are refreshed at once in this process. */
  readonly concurrency?: number | undefined
  /** Stop claiming after this many connections. */
  readonly limit?: number | undefined
  /** Told of each connection as it is finished. */
  readonly onOutcome?: ((outcome: DueOutcome) => void) | undefined
  /** Asked before each claim; `true` ends the run after what is under way. */
  readonly isStopping?: (() => boolean) | undefined
}

export interface DueOutcome {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  readonly result: 'refreshed' | 'skipped' | 'failed'
  /** A code of the public set, when it was not refreshed. */
  readonly code?: string
}

export interface RefreshDueResult {
  readonly total: number
  readonly refreshed: number
  /** Somebody else came first, or the platform asks to wait; nothing is wrong. */
  readonly skipped: number
  readonly failed: number
  /** The first thousand failures. */
  readonly errors: readonly DueOutcome[]
}

const DEFAULT_CONCURRENCY = 20
const MOST_ERRORS = 1_000
const REVOCATIONS_A_RUN = 50
/** What has to wait for its app longer than this is left to the next run. */
const LONGEST_HELD_BACK_MS = 5 * SECOND_MS
const HARMLESS = new Set(['refresh_pending', 'rate_limited', 'stale_connection', 'not_connected'])

/**
 * Renews and verifies what is due. Any number of workers may run it at once: each connection is leased to one of them.
 * One failure stops nothing, a failing store ends the run.
 */
export class RefreshDueConnections {
  readonly #deps: RefreshDueDependencies

  constructor(dependencies: RefreshDueDependencies) {
    this.#deps = dependencies
  }

  /** @throws StoreUnavailableError when nothing can be claimed, ConfigInvalidError for a count that is none */
  async run(options: RefreshDueOptions = {}): Promise<RefreshDueResult> {
    const concurrency = countOf('concurrency', options.concurrency) ?? DEFAULT_CONCURRENCY
    countOf('limit', options.limit)
    const run = this.#deps.meter.time('job.run', undefined, () => this.#run(concurrency, options))
    // What it claimed and will not begin is given back before the process lets go of its database.
    this.#deps.background.keep(run)
    return run
  }

  async #run(concurrency: number, options: RefreshDueOptions): Promise<RefreshDueResult> {
    const tally = new Tally(this.#deps.meter, options.onOutcome)
    const source = new LeaseSource(this.#deps, concurrency, options)
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(source, tally)))
    for (const lease of await source.left()) await this.#deps.lifecycle.giveBack(lease)
    if (source.failure !== undefined) throw source.failure
    await this.#revokeQueued()
    return tally.result()
  }

  async #work(source: LeaseSource, tally: Tally): Promise<void> {
    for (let next = await source.next(); next !== undefined; next = await source.next()) {
      const { lease, claimedAt } = next
      try {
        await this.#deps.lifecycle.renewLeased(this.#deps.providers.get(lease.provider), lease, claimedAt)
        tally.add(lease, 'refreshed')
      } catch (error) {
        const code = isIntegrationError(error) ? error.code : 'unexpected'
        tally.add(lease, HARMLESS.has(code) ? 'skipped' : 'failed', code)
      }
    }
  }

  /** What `disconnect` could not tell a provider yet. */
  async #revokeQueued(): Promise<void> {
    const { pendingRevocations, providers, revocations } = this.#deps
    const queued = await pendingRevocations.claimDue(REVOCATIONS_A_RUN, 2 * MINUTE_MS)
    for (const { id, tenantId } of queued) {
      const grant = await pendingRevocations.read(tenantId, id)
      if (grant !== undefined && providers.names().includes(grant.provider)) {
        await revocations.attempt(providers.get(grant.provider), tenantId, id)
      }
    }
  }
}

/** A worker that is told to do nothing at a time would look healthy for ever. */
function countOf(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return value
  throw new ConfigInvalidError([`${name}: must be a whole number above 0`])
}

/** Hands out leases one by one and claims the next batch while the last is being worked on. */
class LeaseSource {
  readonly #deps: RefreshDueDependencies
  readonly #concurrency: number
  readonly #options: RefreshDueOptions
  readonly #ready: { lease: RefreshLease; claimedAt: number }[] = []
  #claimed = 0
  #isExhausted = false
  #failure: Error | undefined
  #claiming: Promise<void> | undefined

  constructor(dependencies: RefreshDueDependencies, concurrency: number, options: RefreshDueOptions) {
    this.#deps = dependencies
    this.#concurrency = concurrency
    this.#options = options
  }

  /** Why there was nothing more to hand out, if it was not that nothing more is due. */
  get failure(): Error | undefined {
    return this.#failure
  }

  async next(): Promise<{ lease: RefreshLease; claimedAt: number } | undefined> {
    for (;;) {
      if (this.#isStopping()) return undefined
      if (this.#ready.length < this.#concurrency / 2) this.#claimMore()
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

  #isStopping(): boolean {
    return this.#deps.background.isClosing || this.#options.isStopping?.() === true
  }

  #claimMore(): void {
    if (this.#claiming !== undefined || this.#isExhausted) return
    const left = (this.#options.limit ?? Infinity) - this.#claimed
    if (left <= 0) return
    this.#claiming = this.#claim(Math.min(this.#concurrency, left)).finally(() => {
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

class Tally {
  readonly #meter: Meter
  readonly #onOutcome: ((outcome: DueOutcome) => void) | undefined
  readonly #counts = { refreshed: 0, skipped: 0, failed: 0 }
  readonly #errors: DueOutcome[] = []

  constructor(meter: Meter, onOutcome: ((outcome: DueOutcome) => void) | undefined) {
    this.#meter = meter
    this.#onOutcome = onOutcome
  }

  add(lease: RefreshLease, result: DueOutcome['result'], code?: string): void {
    const { tenantId, provider, label } = lease
    const outcome: DueOutcome = { tenantId, provider, label, result, ...(code === undefined ? {} : { code }) }
    this.#counts[result] += 1
    const kind = code === undefined ? {} : { class: code }
    this.#meter.count({ name: 'job.connection', provider, outcome: result, ...kind })
    if (result === 'failed' && this.#errors.length < MOST_ERRORS) this.#errors.push(outcome)
    try {
      this.#onOutcome?.(outcome)
    } catch {
      // A listener of the host's changes nothing about what became of the connection.
    }
  }

  result(): RefreshDueResult {
    const { refreshed, skipped, failed } = this.#counts
    return { total: refreshed + skipped + failed, refreshed, skipped, failed, errors: this.#errors }
  }
}
