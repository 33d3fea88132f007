import { once } from 'node:events'
import type { Redis } from 'ioredis'
import { Pool } from 'pg'
import { startRedis } from '../dev/services/redis.ts'
import { RingStateKeys } from '../src/adapters/aes-gcm/index.ts'
import { MemoryConsumedStates } from '../src/adapters/memory/consumed-states.ts'
import { NodeDigest } from '../src/adapters/node/digest.ts'
import { NodeRandomSource } from '../src/adapters/node/random-source.ts'
import { SystemClock } from '../src/adapters/node/system-clock.ts'
import { connectRedis, JoinedCalls, RedisStartLimiter, RedisStateStore } from '../src/adapters/redis/index.ts'
import { StateService } from '../src/domain/services/state-service.ts'
import { benchComplete } from './complete.ts'
import { benchDatabase } from './database.ts'
import { benchCipher, benchRing, benchTenants } from './keys.ts'
import { pendingFor } from './pending.ts'
import type { Benchmark, BenchmarkOptions, Result } from './report.ts'
import { compare, concurrently, pick } from './rounds.ts'
import { startByHand } from './start-by-hand.ts'

const START_TARGETS = [
  { concurrency: 1, atLeast: 0.65 },
  { concurrency: 8, atLeast: 0.4 },
  { concurrency: 64, atLeast: 0.35 },
] as const
const MOST = 1_000_000_000
/** Counted all the same. */
const NO_LIMITS = { perInitiator: MOST, perTenant: MOST, liveStates: MOST }
const TENANTS = 1_000
/** As long as what we remember. */
const VALUE = 'v'.repeat(900)

/**
 * Starts (nonce, HMAC, seal, count, remember) against a bare SET of a value of the same length, and completions against
 * the same Redis, SQL and AES done by hand; each at several concurrencies.
 */
export const benchState: Benchmark = async (options) => {
  const [redis, database] = [await startRedis({ isDedicated: true }), await benchDatabase()]
  const [client, bareClient] = [connectRedis(redis.url), connectRedis(redis.url)]
  const pool = new Pool({ connectionString: database.url, max: 10 })
  pool.on('error', () => undefined)
  try {
    await Promise.all([ready(client), ready(bareClient)])
    const starts = await benchStart(client, bareClient, options)
    return [...starts, ...(await benchComplete({ client, bareClient, pool }, options))]
  } finally {
    for (const one of [client, bareClient]) one.disconnect()
    await pool.end()
    await Promise.all([redis.stop(), database.stop()])
  }
}

async function benchStart(
  client: Redis,
  bareClient: Redis,
  { note }: BenchmarkOptions,
): Promise<readonly Result[]> {
  const ring = benchRing()
  const joined = new JoinedCalls({ client, limits: NO_LIMITS })
  const clock = new SystemClock()
  const states = new StateService({
    states: new RedisStateStore({ client, joined }),
    consumed: new MemoryConsumedStates({ clock }),
    limiter: new RedisStartLimiter({ client, joined }),
    cipher: benchCipher(ring),
    keys: new RingStateKeys(ring),
    digest: new NodeDigest(),
    random: new NodeRandomSource(),
    clock,
  })
  const tenants = benchTenants(TENANTS)
  const against = async (
    name: string,
    concurrency: number,
    start: (turn: number) => Promise<unknown>,
  ): Promise<Result> => {
    note('%s, %d at a time', name, concurrency)
    const outcome = await compare({
      ours: concurrently(concurrency, start),
      bare: concurrently(concurrency, (turn) => bareClient.set(keyOf(turn), VALUE, 'EX', 600)),
    })
    const detail = `${outcome.oursUs.toFixed(1)} µs against ${outcome.bareUs.toFixed(1)} µs`
    return { name: `${name} c=${concurrency}`, ratio: 1 / outcome.timeRatio, detail }
  }
  const results: Result[] = []
  for (const { concurrency, atLeast } of START_TARGETS) {
    const issue = (turn: number): Promise<string> => states.issue(pendingFor(pick(tenants, turn)))
    results.push({ ...(await against('start', concurrency, issue)), target: { atLeast } })
  }
  const byHand = await startByHand(client, tenants, NO_LIMITS)
  results.push(await against('start by hand', 1, byHand), await against('start by hand', 8, byHand))
  return results
}

/** As long as a key of ours. */
function keyOf(turn: number): string {
  return `cgk:int:state:${String(turn).padStart(43, '0')}`
}

async function ready(client: Redis): Promise<void> {
  if (client.status !== 'ready') await once(client, 'ready')
}
