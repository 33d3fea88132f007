import { ConfigInvalidError, isIntegrationError } from '../../domain/errors.ts'
import type { ConnectionLabel, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import type { Background } from '../../ports/background.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { LeaseSource } from '../lease-source.ts'
import type { LeaseSourceDependencies } from '../lease-source.ts'
import type { Meter } from '../meter.ts'
import { QueuedRevocations } from '../queued-revocations.ts'
import type { QueuedRevocationsDependencies } from '../queued-revocations.ts'

export interface RefreshDueDependencies extends LeaseSourceDependencies, QueuedRevocationsDependencies {
  readonly meter: Meter
  /** Whether the process is about to end: nothing more is claimed then. */
  readonly background: Background
}

/** How a run of the job goes about it. */
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

/** What became of one connection in a run of the job. */
export interface DueOutcome {
  readonly tenantId: TenantId
  readonly provider: ProviderName
  readonly label: ConnectionLabel
  readonly result: 'refreshed' | 'skipped' | 'failed'
  /** A code of the public set, when it was not refreshed. */
  readonly code?: string
}

/** What a run of the job did: `total` is the sum of the three counts. */
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
const MAX_ERRORS = 1_000
const HARMLESS = new Set(['refresh_pending', 'rate_limited', 'stale_connection', 'not_connected'])

/**
 * Renews and verifies what is due. Any number of workers may run it at once: each connection is leased to one of them.
 * One failure stops nothing, a failing store ends the run.
 */
export class RefreshDueConnections {
  readonly #deps: RefreshDueDependencies
  readonly #revocations: QueuedRevocations

  constructor(dependencies: RefreshDueDependencies) {
    this.#deps = dependencies
    this.#revocations = new QueuedRevocations(dependencies)
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
    const isStopping = (): boolean => this.#deps.background.isClosing || options.isStopping?.() === true
    const source = new LeaseSource(this.#deps, { concurrency, limit: options.limit, isStopping })
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(source, tally)))
    await Promise.all((await source.left()).map((lease) => this.#deps.lifecycle.giveBack(lease)))
    if (source.failure !== undefined) throw source.failure
    await this.#revocations.run(isStopping)
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
      source.finished(next)
    }
  }
}

/** A worker that is told to do nothing at a time would look healthy for ever. */
function countOf(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return value
  throw new ConfigInvalidError([`${name}: must be a whole number above 0`])
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
    if (result === 'failed' && this.#errors.length < MAX_ERRORS) this.#errors.push(outcome)
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
