import { DAY_MS, MINUTE_MS } from '../domain/model/time.ts'
import { REVOCATIONS_AT_ONCE } from '../domain/services/revocation-service.ts'
import type { RevocationService } from '../domain/services/revocation-service.ts'
import type { Logger } from '../ports/logger.ts'
import type { DueRevocation, PendingRevocations } from '../ports/pending-revocations.ts'
import { classOf } from './meter.ts'
import type { ProviderRegistry } from './provider-registry.ts'

export interface QueuedRevocationsDependencies {
  readonly pendingRevocations: PendingRevocations
  readonly revocations: RevocationService
  readonly providers: ProviderRegistry
  readonly logger: Logger
}

const MAX_PER_RUN = 50
const CLAIM_MS = 2 * MINUTE_MS

/** What `disconnect` could not tell a provider yet. */
export class QueuedRevocations {
  readonly #deps: QueuedRevocationsDependencies

  constructor(dependencies: QueuedRevocationsDependencies) {
    this.#deps = dependencies
  }

  /** Never rejects: what was refreshed before is worth its report, and the queue is there for the next run. */
  async run(isStopping: () => boolean): Promise<void> {
    try {
      for (let tried = 0; tried < MAX_PER_RUN && !isStopping(); tried += REVOCATIONS_AT_ONCE) {
        // Claimed together are only those that are asked for together: none outlives its claim behind a platform that hangs.
        const claimed = await this.#deps.pendingRevocations.claimDue(REVOCATIONS_AT_ONCE, CLAIM_MS)
        await Promise.all(claimed.map((entry) => this.#attempt(entry)))
        if (claimed.length < REVOCATIONS_AT_ONCE) return
      }
    } catch (error) {
      this.#deps.logger.log('error', 'The queue of revocations cannot be worked on', {
        code: classOf(error),
      })
    }
  }

  async #attempt({ id, tenantId }: DueRevocation): Promise<void> {
    const { pendingRevocations, providers, revocations } = this.#deps
    const grant = await pendingRevocations.read(tenantId, id)
    if (grant === undefined) return
    if (providers.names().includes(grant.provider)) {
      await revocations.attempt(providers.get(grant.provider), tenantId, id)
    } else {
      // Nobody here can tell the platform; it is forgotten with its secrets once it has been tried for long enough.
      await pendingRevocations.settle(tenantId, id, { done: false, retryInMs: DAY_MS })
    }
  }
}
