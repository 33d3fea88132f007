import type { RefreshLease, ReleaseReason } from '../../ports/refresh-leases.ts'
import { refreshTimings } from '../model/rotation.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5_000
/** No lease runs longer. */
const MAX_LEASE_MS = refreshTimings({ kind: 'unknown' }).leaseTtlMs

/**
 * Ends leases, also while the store is away. One that nobody ends keeps its connection from everybody until it runs out,
 * and whoever claims it then must take it for uncertain, though nothing may have been sent.
 */
export class LeaseEndings {
  readonly #deps: TokenLifecycleDependencies

  constructor(dependencies: TokenLifecycleDependencies) {
    this.#deps = dependencies
  }

  /**
   * Ends the lease, or sees to it: what fails is tried again behind the caller, for the same reason, until no lease can
   * run any more. The end of the process does not wait for that. Never rejects, so that the caller hears what became of
   * the attempt and not of its lease. An end that comes late touches no other's lease.
   */
  async release(lease: RefreshLease, reason: ReleaseReason): Promise<void> {
    try {
      await this.#deps.leases.release(lease, reason)
    } catch {
      void this.#releaseLater(lease, reason)
    }
  }

  /** Runs a step towards another end of the lease; one that fails leaves it released, with nothing noted. */
  async orRelease<T>(lease: RefreshLease, step: () => Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (error) {
      await this.release(lease, {})
      throw error
    }
  }

  /** Never rejects. */
  async #releaseLater(lease: RefreshLease, reason: ReleaseReason): Promise<void> {
    const { background, clock, leases } = this.#deps
    const givenUpAt = clock.monotonicMs() + MAX_LEASE_MS
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
      await clock.backgroundDelay(waitMs)
      if (background.isOver || clock.monotonicMs() > givenUpAt) return
      try {
        return await leases.release(lease, reason)
      } catch {
        // The store is still away.
      }
    }
  }
}
