import { hash } from 'node:crypto'
import { startWindows } from '../../domain/model/start-limits.ts'
import type { StartLimits, StartWindow } from '../../domain/model/start-limits.ts'
import type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { KEY_PREFIX } from './redis-commands.ts'
import type { RedisCommands, RedisOptions } from './redis-commands.ts'
import { RedisLink } from './redis-link.ts'

/** Answers 0 and counts the start everywhere, or counts it nowhere and answers the milliseconds to wait. */
const COUNT = `
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * i - 1]) then
    return math.max(redis.call('PTTL', key), 1)
  end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
end
return 0`

const COUNT_SHA1 = hash('sha1', COUNT)

/**
 * Counts starts in Redis, by its clock. One tenant's counters carry its hash as their hash tag: they lie in one slot of
 * a Cluster, where one script reads and counts them in one step, while tenants spread over all slots.
 */
export class RedisStartLimiter implements StartLimiter {
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #windows: readonly StartWindow[]

  constructor(options: RedisOptions & { readonly limits?: Partial<StartLimits> | undefined }) {
    this.#link = new RedisLink(options)
    this.#prefix = `${options.keyPrefix ?? KEY_PREFIX}start:`
    this.#windows = startWindows(options.limits)
  }

  async admit({ tenantId, initiatorHash }: StartRequest): Promise<Admission> {
    const tenant = `${this.#prefix}{${hashOf(tenantId)}}:`
    const keys: string[] = []
    const settings: number[] = []
    for (const { of, most, lengthMs } of this.#windows) {
      if (of === 'initiator' && initiatorHash === undefined) continue
      keys.push(of === 'initiator' ? `${tenant}initiator:${initiatorHash}` : tenant + of)
      settings.push(most, lengthMs)
    }
    const waitMs = Number(await this.#link.ask((client) => count(client, keys, settings)))
    return waitMs === 0 ? { admitted: true } : { admitted: false, retryAfterMs: waitMs }
  }
}

async function count(
  client: RedisCommands,
  keys: readonly string[],
  settings: readonly number[],
): Promise<unknown> {
  try {
    return await client.evalsha(COUNT_SHA1, keys.length, ...keys, ...settings)
  } catch (error) {
    // Redis does not know the script before its first use, nor after a restart.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(COUNT, keys.length, ...keys, ...settings)
  }
}

/** A tenant id may hold braces, which would choose the slot, and belongs to nobody who lists keys. */
function hashOf(tenantId: string): string {
  return hash('sha256', tenantId, 'base64url').slice(0, 22)
}
