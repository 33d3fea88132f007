import { Pool } from 'pg'
import { afterEach } from 'vitest'
import { startPgBouncer } from '../../dev/services/pgbouncer.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import type { ContainerOptions } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator, LineageSnapshot } from '../../src/emulator/index.ts'
import type { RotationMode } from '../../src/emulator/rotation.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { saveTokens } from '../promises/keys-fixture.ts'
import { definitionOf } from '../promises/refresh-fixture.ts'
import { freshDatabase } from '../support/database.ts'
import { startHostProcess } from '../support/host-process.ts'
import type { HostOptions, HostProcess } from '../support/host-process.ts'
import { postgresProxy } from '../support/postgres-proxy.ts'
import type { PostgresProxy } from '../support/postgres-proxy.ts'

export type Route = 'directly' | 'through PgBouncer'

/** One tenant's connection, and what its platform knows of it. */
export interface Granted {
  readonly key: ConnectionKey
  readonly emulator: Emulator
  truth(): LineageSnapshot
}

/** Processes, a proxy, PgBouncer if asked for, Postgres; and a platform for each way to rotate, named like it. */
export interface FaultWorld {
  readonly emulators: readonly Emulator[]
  /** Between the processes and their database. */
  readonly proxy: PostgresProxy
  /** Straight to Postgres, for what only it can tell or be told. */
  readonly pool: Pool
  /** As many tenants' connections to each platform. */
  seed(count: number): Promise<readonly Granted[]>
  hosts(count: number, options?: HostOptions): Promise<readonly HostProcess[]>
  /** A container in this process, past the proxy. */
  container(options?: ContainerOptions): ReturnType<typeof createIntegrationsContainer>
  /** Every access token comes to its end, here and at its platform. */
  expire(): Promise<void>
  elapse(ms: number): Promise<void>
  /** `active`, or why a person is needed. */
  status(granted: Granted): Promise<string>
}

export interface FaultWorldOptions {
  readonly rotations: Readonly<Record<string, RotationMode>>
  readonly route?: Route
  /** Of a server of the test's own. */
  readonly databaseUrl?: string
  readonly maxConnections?: number
}

const opened: (() => Promise<unknown>)[] = []

/** Undone after the test, last things first. */
export function afterwards(close: () => Promise<unknown>): void {
  opened.push(close)
}

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

export async function faultWorld(options: FaultWorldOptions): Promise<FaultWorld> {
  const { rotations, route = 'directly' } = options
  const databaseUrl = options.databaseUrl ?? (await ownDatabase())
  const pool = new Pool({ connectionString: databaseUrl, max: 2 })
  pool.on('error', () => undefined)
  afterwards(() => pool.end())
  const emulators = new Map<string, Emulator>()
  for (const [provider, mode] of Object.entries(rotations)) {
    const emulator = await startEmulator({ platforms: ['standard'], rotation: { standard: mode } })
    afterwards(() => emulator.close())
    emulators.set(provider, emulator)
  }
  const server = route === 'directly' ? databaseUrl : await pooled(databaseUrl)
  const proxy = await postgresProxy(server)
  afterwards(() => proxy.close())
  const configOver = (url: string) => configFor(url, emulators, options)
  const world: FaultWorld = {
    ...{ emulators: [...emulators.values()], proxy, pool },
    seed: (count) => seed(world, emulators, count),
    hosts: (count, hostOptions) =>
      Promise.all(
        Array.from({ length: count }, () =>
          ownHost(configOver(proxy.url), { hasConnections: true, ...hostOptions }),
        ),
      ),
    container: (containerOptions = {}) => {
      const logger = { log: () => undefined }
      const container = createIntegrationsContainer(configOver(server), { logger, ...containerOptions })
      afterwards(() => container.get(IDS.Shutdown).close())
      return container
    },
    expire: async () => {
      await pool.query(
        'UPDATE integration_connections SET token_expires_at = clock_timestamp(), due_at = clock_timestamp()',
      )
      for (const { control } of emulators.values()) control.expireAccessTokens('standard')
    },
    elapse: async (ms) => {
      await moveTimes(pool, ms)
      for (const { control } of emulators.values()) control.advance(ms)
    },
    status: async ({ key }) => {
      const { rows } = await pool.query<{ status: string }>(
        `SELECT coalesce(reauth_reason::text, status::text) AS status FROM integration_connections
          WHERE tenant_id = $1 AND provider = $2`,
        [key.tenantId, key.provider],
      )
      return rows[0]?.status ?? 'none'
    },
  }
  return world
}

async function ownDatabase(): Promise<string> {
  const database = await freshDatabase()
  afterwards(() => database.drop())
  return database.url
}

/** A store that is held keeps a connection of the server; the others must still find one. */
async function pooled(databaseUrl: string): Promise<string> {
  const bouncer = await startPgBouncer({ databaseUrl, poolSize: 16 })
  afterwards(() => bouncer.stop())
  return bouncer.url
}

async function ownHost(config: IntegrationsConfigInput, options?: HostOptions): Promise<HostProcess> {
  const host = await startHostProcess(config, options)
  afterwards(() => host.close())
  return host
}

function configFor(
  connectionString: string,
  emulators: ReadonlyMap<string, Emulator>,
  { rotations, route, maxConnections = 10 }: FaultWorldOptions,
): IntegrationsConfigInput {
  const oauth2 = [...emulators].map(([provider, emulator]) => ({
    ...emulatorApps.standard,
    definition: definitionOf(provider, emulator, rotations[provider] ?? 'none'),
  }))
  return {
    database: { connectionString, maxConnections, readConnections: route === 'through PgBouncer' ? 0 : 1 },
    encryption: { key: '5f0c1d2e3b4a59687786a5b4c3d2e1f05f0c1d2e3b4a59687786a5b4c3d2e1f0' },
    baseUrl: 'http://localhost:4999',
    emulatorUrl: [...emulators.values()][0]?.url,
    providers: { oauth2 },
  }
}

async function seed(
  world: FaultWorld,
  emulators: ReadonlyMap<string, Emulator>,
  count: number,
): Promise<readonly Granted[]> {
  const container = world.container()
  const grants = Array.from({ length: count }, (_, index) => parseTenantId(`tenant-${index}`)).flatMap(
    (tenantId) => [...emulators].map(([provider, emulator]) => ({ tenantId, provider, emulator })),
  )
  const granted: Granted[] = []
  // One after the other: hundreds at once wait longer for a connection than one of them is willing to on a busy machine.
  for (const { tenantId, provider, emulator } of grants) {
    const key = { tenantId, provider, label: 'default' }
    const { access, refresh = '' } = emulator.control.grant('standard', tenantId, ['ads'])
    await saveTokens(container, key, { access, refresh })
    granted.push({ key, emulator, truth: () => truthOf(emulator, tenantId) })
  }
  return granted
}

function truthOf({ control }: Emulator, person: string): LineageSnapshot {
  const [lineage] = control.lineages('standard', person)
  if (lineage === undefined) throw new Error(`The platform does not know ${person}`)
  return lineage
}
