import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import { createIntegrationsContainer } from '../src/application/container/create-integrations-container.ts'
import { IDS } from '../src/application/container/identifiers.ts'
import { providerModule } from '../src/application/container/provider-modules.ts'
import { parseTenantId } from '../src/domain/model/identifiers.ts'
import type { TenantId } from '../src/domain/model/identifiers.ts'
import { bareOpen, bareSeal } from './bare-crypto.ts'
import { BENCH_KEY } from './keys.ts'
import { pendingFor } from './pending.ts'
import { INSTANT_PLATFORM } from './platform.ts'
import { recordingPool, replay } from './recorded-sql.ts'
import type { Recording } from './recorded-sql.ts'
import type { BenchmarkOptions, Result } from './report.ts'
import { compare, concurrently } from './rounds.ts'
import type { Side } from './rounds.ts'

export interface CompleteServices {
  readonly client: Redis
  readonly bareClient: Redis
  readonly pool: Pool
}

const CONCURRENCIES = [1, 8, 64]
/** As long as what we remember. */
const REMEMBERED = bareSeal('v'.repeat(600))

/** Completing with a platform that answers at once, against what one completion asked of Redis, SQL and AES, repeated by hand. */
export async function benchComplete(
  services: CompleteServices,
  { note }: BenchmarkOptions,
): Promise<readonly Result[]> {
  const ours = completions(services)
  const bare = await replays(services)
  const results: Result[] = []
  for (const concurrency of CONCURRENCIES) {
    note('complete, %d at a time', concurrency)
    const outcome = await compare({
      ours: concurrently(concurrency, ours.complete),
      prepareOurs: ours.start,
      bare: concurrently(concurrency, bare.repeat),
      prepareBare: bare.remember,
      turnMs: 100,
      rounds: 25,
    })
    const detail = `${outcome.oursUs.toFixed(0)} µs against ${outcome.bareUs.toFixed(0)} µs`
    const ratio = 1 / outcome.timeRatio
    results.push({ name: `complete c=${concurrency}`, ratio, target: { atLeast: 0.8 }, detail })
  }
  return results
}

function containerOver(
  services: Pick<CompleteServices, 'client'>,
  pool: CompleteServices['pool'] | ReturnType<typeof recordingPool>['pool'],
) {
  return createIntegrationsContainer(
    { database: { pool }, redis: { client: services.client }, encryption: { key: BENCH_KEY } },
    { modules: [providerModule(INSTANT_PLATFORM)] },
  )
}

function completions(services: CompleteServices): { start: Side; complete: () => Promise<unknown> } {
  const container = containerOver(services, services.pool)
  const [states, oauth] = [container.get(IDS.StateService), container.get(IDS.OAuthService)]
  const started: string[] = []
  return {
    start: async (count) => {
      started.length = 0
      await concurrently(32, async () => {
        started.push(await states.issue(unbound(newTenant())))
      })(count)
    },
    complete: () => oauth.complete(INSTANT_PLATFORM, { callback: { code: 'code', state: started.pop() } }),
  }
}

async function replays(
  services: CompleteServices,
): Promise<{ remember: Side; repeat: (turn: number) => Promise<unknown> }> {
  const { bareClient, pool } = services
  const { recording, tenantId, stateKey } = await recorded(services)
  const names: string[] = []
  return {
    remember: async (count) => {
      names.length = 0
      await concurrently(32, async () => {
        const name = `bare:${randomBytes(16).toString('base64url')}`
        await bareClient.set(name, REMEMBERED, 'EX', 600)
        names.push(name)
      })(count)
    },
    repeat: async () => {
      const remembered = await bareClient.getdelBuffer(names.pop() ?? '')
      if (remembered === null) throw new Error('a value is missing')
      bareOpen(remembered)
      bareSeal('a'.repeat(200))
      bareSeal('r'.repeat(103))
      const other = [
        [tenantId, newTenant()] as const,
        [stateKey, randomBytes(32).toString('base64url')] as const,
      ]
      await replay(pool, recording, new Map<unknown, unknown>(other))
    },
  }
}

/** What one completion asks of Postgres, and which of the parameters make it that one. */
async function recorded(
  services: CompleteServices,
): Promise<{ recording: Recording; tenantId: TenantId; stateKey: unknown }> {
  const { pool, recording } = recordingPool(services.pool)
  const container = containerOver(services, pool)
  const tenantId = newTenant()
  const state = await container.get(IDS.StateService).issue(unbound(tenantId))
  await container.get(IDS.OAuthService).complete(INSTANT_PLATFORM, { callback: { code: 'code', state } })
  const [first] = recording
  const stateKey = first !== undefined && 'text' in first ? first.values?.[0] : undefined
  return { recording, tenantId, stateKey }
}

function unbound(tenantId: TenantId): ReturnType<typeof pendingFor> {
  const { initiatorHash: _initiator, browserHash: _browser, ...pending } = pendingFor(tenantId)
  return pending
}

function newTenant(): TenantId {
  return parseTenantId(`tenant-${randomBytes(12).toString('hex')}`)
}
