import { hash } from 'node:crypto'
import type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { JoinedCalls } from './joined-calls.ts'
import type { JoinedCallsOptions } from './joined-calls.ts'
import { KEY_PREFIX } from './redis-commands.ts'
import type { JoinableOptions } from './redis-commands.ts'

/**
 * Counts starts in Redis, by its clock. One tenant's counters carry its hash as their hash tag: they lie in one slot of
 * a Cluster, where one script reads and counts them in one step, while tenants spread over all slots.
 */
export class RedisStartLimiter implements StartLimiter {
  readonly #joined: JoinedCalls
  readonly #prefix: string

  /** The limits are those of `joined` where it is given. */
  constructor(options: JoinableOptions | JoinedCallsOptions) {
    this.#joined = 'joined' in options && options.joined ? options.joined : new JoinedCalls(options)
    this.#prefix = `${options.keyPrefix ?? KEY_PREFIX}start:`
  }

  async admit({ tenantId, initiatorHash }: StartRequest): Promise<Admission> {
    const tenant = `${this.#prefix}{${hashOf(tenantId)}}:`
    // In the order of the windows.
    const ofTenant = [`${tenant}tenant`, `${tenant}states`]
    const ofAll =
      initiatorHash === undefined ? ofTenant : [`${tenant}initiator:${initiatorHash}`, ...ofTenant]
    const waitMs = await this.#joined.ask({ count: ofAll })
    return waitMs === 0 ? { admitted: true } : { admitted: false, retryAfterMs: waitMs }
  }
}

/** A tenant id may hold braces, which would choose the slot, and belongs to nobody who lists keys. */
function hashOf(tenantId: string): string {
  return hash('sha256', tenantId, 'base64url').slice(0, 22)
}
