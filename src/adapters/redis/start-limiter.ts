import { hash } from 'node:crypto'
import { startWindows } from '../../domain/model/start-limits.ts'
import type { StartLimits, StartWindow } from '../../domain/model/start-limits.ts'
import type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { JoinedCalls } from './joined-calls.ts'
import { KEY_PREFIX } from './redis-commands.ts'
import type { JoinableOptions } from './redis-commands.ts'

/**
 * Counts starts in Redis, by its clock. One tenant's counters carry its hash as their hash tag: they lie in one slot of
 * a Cluster, where one script reads and counts them in one step, while tenants spread over all slots.
 */
export class RedisStartLimiter implements StartLimiter {
  readonly #joined: JoinedCalls
  readonly #prefix: string
  readonly #windows: readonly StartWindow[]

  constructor(options: JoinableOptions & { readonly limits?: Partial<StartLimits> | undefined }) {
    this.#joined = options.joined ?? new JoinedCalls(options)
    this.#prefix = `${options.keyPrefix ?? KEY_PREFIX}start:`
    this.#windows = startWindows(options.limits)
  }

  async admit({ tenantId, initiatorHash }: StartRequest): Promise<Admission> {
    const tenant = `${this.#prefix}{${hashOf(tenantId)}}:`
    const keys: string[] = []
    const values: number[] = []
    for (const { of, most, lengthMs } of this.#windows) {
      if (of === 'initiator' && initiatorHash === undefined) continue
      keys.push(of === 'initiator' ? `${tenant}initiator:${initiatorHash}` : tenant + of)
      values.push(most, lengthMs)
    }
    const waitMs = await this.#joined.ask({ name: 'count', keys, values })
    return waitMs === 0 ? { admitted: true } : { admitted: false, retryAfterMs: waitMs }
  }
}

/** A tenant id may hold braces, which would choose the slot, and belongs to nobody who lists keys. */
function hashOf(tenantId: string): string {
  return hash('sha256', tenantId, 'base64url').slice(0, 22)
}
