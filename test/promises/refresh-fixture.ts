import { Pool } from 'pg'
import { afterEach } from 'vitest'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import type { ContainerOptions } from '../../src/application/container/create-integrations-container.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { consent, emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { RotationMode } from '../../src/emulator/rotation.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { freshDatabase } from '../support/database.ts'
import { postgresProxy } from '../support/postgres-proxy.ts'
import type { PostgresProxy } from '../support/postgres-proxy.ts'

export const KEY: ConnectionKey = {
  tenantId: parseTenantId('tenant-a'),
  provider: 'standard',
  label: 'default',
}

const CLASS_OF = {
  none: { kind: 'none' },
  single_use: { kind: 'single_use' },
  revoking: { kind: 'single_use_revoking' },
} as const

const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

type AppContainer = ReturnType<typeof createIntegrationsContainer>

/** One connection of one tenant to a standard server, a real Postgres, and any number of processes. */
export interface RefreshFixture {
  readonly emulator: Emulator
  readonly config: IntegrationsConfigInput
  readonly databaseUrl: string
  /** What only Postgres can tell, or be told. */
  readonly pool: Pool
  /** A process of its own, as far as one can be had within a process. */
  process(options?: ContainerOptions, config?: IntegrationsConfigInput): AppContainer
  /** Past the end of the access token, of leases and of waits. */
  elapse(ms: number): Promise<void>
  status(): Promise<string>
  /** Between the processes and Postgres, to be cut. */
  proxy(): Promise<PostgresProxy & { readonly config: IntegrationsConfigInput }>
}

/** Opened for one test, with the consent already given. */
export async function refreshFixture(mode: RotationMode): Promise<RefreshFixture> {
  const database = await freshDatabase()
  opened.push(() => database.drop())
  const emulator = await startEmulator({ platforms: ['standard'], rotation: { standard: mode } })
  opened.push(() => emulator.close())
  const pool = new Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => undefined)
  opened.push(() => pool.end())
  const configFor = (connectionString: string): IntegrationsConfigInput => ({
    database: { connectionString },
    encryption: { key: '5f0c1d2e3b4a59687786a5b4c3d2e1f05f0c1d2e3b4a59687786a5b4c3d2e1f0' },
    baseUrl: 'http://localhost:4999',
    emulatorUrl: emulator.url,
    providers: {
      oauth2: [{ ...emulatorApps.standard, definition: definitionOf('standard', emulator, mode) }],
    },
  })
  const fixture: RefreshFixture = {
    ...{ emulator, pool, config: configFor(database.url), databaseUrl: database.url },
    process: (options = {}, config = fixture.config) => {
      const container = createIntegrationsContainer(config, { logger: { log: () => undefined }, ...options })
      opened.push(() => container.get(IDS.Shutdown).close())
      return container
    },
    elapse: async (ms) => {
      await moveTimes(pool, ms)
      emulator.control.advance(0)
    },
    status: async () => {
      const [connection] = await fixture.process().get(IDS.TokenStore).list(KEY.tenantId)
      return connection?.reauthReason ?? connection?.status ?? 'none'
    },
    proxy: async () => {
      const proxy = await postgresProxy(database.url)
      opened.push(() => proxy.close())
      return { ...proxy, config: configFor(proxy.url) }
    },
  }
  await giveConsent(fixture.process())
  return fixture
}

export async function giveConsent(container: AppContainer): Promise<void> {
  const connections = container.get(IDS.Connections)
  const { authUrl } = await connections.start({ key: KEY, returnUrl: '/settings' })
  const callback = await consent(authUrl, { person: 'sol' })
  await connections.complete('standard', { callback: callback.searchParams })
}

export async function askToken(container: AppContainer): Promise<string> {
  return (await container.get(IDS.AccessTokens).get(KEY)).reveal()
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error)
  }
}

/** A definition of that name for the standard server of the emulator, whose rotation it knows. */
export function definitionOf(provider: string, emulator: Emulator, mode: RotationMode): unknown {
  const { authorization, issuer, revocation, token, userinfo } = emulator.endpoints.standard
  const isGrace = mode.startsWith('grace:')
  const rotation = isGrace
    ? { kind: 'grace', graceMs: Number(mode.slice('grace:'.length)) }
    : Object.entries(CLASS_OF).find(([name]) => name === mode)?.[1]
  return {
    provider,
    displayName: 'Standard',
    issuer,
    endpoints: { authorization, token },
    authorization: { scopes: ['ads'], iss: { value: issuer, isAlwaysSent: true } },
    revocation: { url: revocation, ends: 'token' },
    identity: {
      url: userinfo,
      subject: 'sub',
      subjectName: 'name',
      accounts: { path: 'accounts', id: 'id' },
    },
    rotation,
    marginMs: 5 * MINUTE_MS,
  }
}
