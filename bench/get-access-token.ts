import { Client, Pool } from 'pg'
import { IDS } from '../src/application/container/identifiers.ts'
import { Secret } from '../src/domain/model/secret.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'
import { closeIntegrations, configureIntegrations, getGoogleAdsAccessToken } from '../src/index.ts'
import { bareReader, securedReader } from './bare-reader.ts'
import { betterAuthReader } from './better-auth-reader.ts'
import { BENCH_CLIENT_ID, benchContainer } from './container.ts'
import { benchDatabase, onClient, seedBystanders, seedConnections } from './database.ts'
import { benchCipher, benchRing, benchTenants } from './keys.ts'
import type { Benchmark, BenchmarkOptions, Result } from './report.ts'
import { compare, concurrently, pick } from './rounds.ts'
import type { Outcome } from './rounds.ts'

const TARGETS = [
  { concurrency: 1, lane: 0.85, pool: 0.75, betterAuth: 4 },
  { concurrency: 8, lane: 1.3, pool: 0.75, betterAuth: 8 },
  { concurrency: 64, lane: 1.7, pool: 0.75, betterAuth: 8 },
] as const
const HOT_TENANTS = 5_000
const BYSTANDERS = 45_000

/**
 * `getGoogleAdsAccessToken` of the root, row security and all, against a pooled prepared SELECT of the same row by a
 * superuser and one AES-GCM open by `node:crypto`; and against better-auth's getAccessToken on the same server.
 */
export const benchGetAccessToken: Benchmark = async (options) => {
  const database = await benchDatabase()
  try {
    const tenants = benchTenants(HOT_TENANTS)
    await onClient(database.url, async (client) => {
      await seedConnections(client, {
        cipher: benchCipher(),
        tenants,
        provider: 'google_ads',
        clientId: BENCH_CLIENT_ID,
        remainingMs: 3_600_000,
        refreshToken: (tenantId) => `refresh token of ${tenantId}`,
      })
      await seedBystanders(client, 'google_ads', BYSTANDERS)
      await client.query('VACUUM ANALYZE')
    })
    return [...(await measureReads(database.url, tenants, options)), await measureOverhead(tenants)]
  } finally {
    await database.stop()
  }
}

async function measureReads(
  url: string,
  tenants: readonly TenantId[],
  { note }: BenchmarkOptions,
): Promise<readonly Result[]> {
  const pool = new Pool({ connectionString: url, max: 10 })
  pool.on('error', () => undefined)
  const bare = await bareReader(pool, benchRing(), tenants)
  const better = await betterAuthReader(url, tenants)
  const client = new Client({ connectionString: url })
  await client.connect()
  const secured = await securedReader({ client, pool }, benchRing(), tenants)
  const results: Result[] = []
  try {
    for (const reads of ['lane', 'pool'] as const) {
      configureIntegrations(benchContainer({ databaseUrl: url, readConnections: reads === 'lane' ? 1 : 0 }))
      const ours = (turn: number): Promise<string> => getGoogleAdsAccessToken(pick(tenants, turn))
      for (const target of TARGETS) {
        const c = target.concurrency
        note('%s, %d at a time', reads, c)
        const name = reads === 'lane' ? `get-access-token c=${c}` : `get-access-token pool c=${c}`
        const side = concurrently(c, ours)
        results.push(await against(name, target[reads], side, concurrently(c, bare)))
        if (reads === 'pool') continue
        // Beside the figure that it explains: what has run before decides how V8 has compiled the driver.
        if (c === 1)
          results.push(
            await against(
              `secured by hand c=${c}`,
              undefined,
              concurrently(c, secured),
              concurrently(c, bare),
            ),
          )
        note('better-auth, %d at a time', c)
        const other = concurrently(c, better.read)
        results.push(await against(`against better-auth c=${c}`, target.betterAuth, side, other))
      }
      await closeIntegrations()
    }
  } finally {
    await closeIntegrations()
    await better.close()
    await client.end()
    await pool.end()
  }
  return results
}

async function against(
  name: string,
  atLeast: number | undefined,
  ours: ReturnType<typeof concurrently>,
  bare: ReturnType<typeof concurrently>,
): Promise<Result> {
  const outcome = await compare({ ours, bare })
  const target = atLeast === undefined ? {} : { target: { atLeast } }
  return { name, ratio: 1 / outcome.timeRatio, ...target, detail: microseconds(outcome) }
}

function microseconds({ oursUs, bareUs }: Outcome): string {
  return `${oursUs.toFixed(1)} µs against ${bareUs.toFixed(1)} µs`
}

/** What validation, the container, the meter and the words of the root function add to a read, in microseconds a call. */
async function measureOverhead(tenants: readonly TenantId[]): Promise<Result> {
  const container = benchContainer({ databaseUrl: 'postgres://127.0.0.1:1/none' })
  const token = new Secret('token')
  const reader = { get: () => Promise.resolve(token) }
  const meter = container.get(IDS.Meter)
  const metered = { get: () => meter.time('token.read', 'google_ads', () => reader.get()) }
  const stub = Object.assign(container.get(IDS.AccessTokens), metered)
  container.rebind(IDS.AccessTokens).toConstantValue(stub)
  configureIntegrations(container)
  const outcome = await compare({
    ours: concurrently(1, (turn) => getGoogleAdsAccessToken(pick(tenants, turn))),
    bare: concurrently(1, async () => (await reader.get()).reveal()),
  })
  await closeIntegrations()
  const ratio = outcome.oursUs - outcome.bareUs
  return { name: 'overhead', ratio, target: { atMost: 1 }, detail: 'µs a call' }
}
