import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import { expect } from 'vitest'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { closeIntegrations, configureIntegrations } from '../../src/index.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import type { Measurements } from '../../src/ports/measurements.ts'
import { moveTimes } from '../contracts/postgres-stores.ts'
import { freshDatabase } from '../support/database.ts'

export interface WorkbenchOptions {
  readonly emulator?: EmulatorOptions
  /** Over what is configured by default. */
  readonly config?: Partial<IntegrationsConfigInput>
  readonly measurements?: Measurements
  /** Where the library logs in, instead of as a superuser of the fresh database. */
  readonly login?: { readonly databaseUrl: string; readonly adminUrl: string }
}

/** A host of the library: its Postgres, the platforms, and what it would see in its log and its audit trail. */
export interface Workbench {
  readonly emulator: Emulator
  readonly databaseUrl: string
  readonly config: IntegrationsConfigInput
  /** A superuser's, for looking behind the policies. */
  readonly admin: Pool
  readonly events: ConnectionEvent[]
  readonly logged: unknown[]
  /** Time passes, in the database and at the platforms. */
  elapse(ms: number): Promise<void>
  /** Ends the process, as far as that can be done within one, and starts one anew. */
  restart(changed?: Partial<IntegrationsConfigInput>): Promise<void>
  /** Everything that is stored of a tenant: connections, and revocations that wait. */
  rowsOf(tenantId: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

export const ORIGIN = 'https://app.example.com'

/** Puts the root functions over a host of its own, until it is closed. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const opened: (() => Promise<unknown>)[] = []
  const emulator = await startEmulator(options.emulator)
  opened.push(() => emulator.close())
  const urls = options.login ?? (await ownDatabase(opened))
  const admin = new Pool({ connectionString: urls.adminUrl, max: 2 })
  admin.on('error', () => undefined)
  opened.push(() => admin.end())
  const events: ConnectionEvent[] = []
  const logged: unknown[] = []
  const config = { ...configOver(urls.databaseUrl, emulator), ...options.config }
  const start = (changed: Partial<IntegrationsConfigInput> = {}): void => {
    const container = createIntegrationsContainer(
      { ...config, ...changed },
      {
        onEvent: (event: ConnectionEvent) => events.push(event),
        logger: { log: (...line: unknown[]) => logged.push(line) },
        ...(options.measurements === undefined ? {} : { measurements: options.measurements }),
      },
    )
    configureIntegrations(container)
  }
  start()
  opened.push(closeIntegrations)
  return {
    close: async () => {
      for (const close of opened.splice(0).reverse()) await close()
    },
    ...{ emulator, admin, events, logged, config, databaseUrl: urls.databaseUrl },
    elapse: async (ms) => {
      emulator.control.advance(ms)
      await moveTimes(admin, ms)
    },
    restart: async (changed) => {
      await closeIntegrations()
      start(changed)
    },
    rowsOf: async (tenantId) => {
      const connections = await admin.query<Record<string, unknown>>(
        'SELECT * FROM integration_connections WHERE tenant_id = $1',
        [tenantId],
      )
      const revocations = await admin.query<Record<string, unknown>>(
        'SELECT * FROM pending_revocations WHERE tenant_id = $1',
        [tenantId],
      )
      return [...connections.rows, ...revocations.rows]
    },
  }
}

/** A tenant that no other test knows. */
export function newTenant(): string {
  return `tenant-${randomUUID()}`
}

/** The code of the error that the work ends with; `ok` when it does not. Anything but an error of ours is thrown on. */
export async function refusalOf(
  work: () => unknown,
): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.name.endsWith('Error')) {
      return { code: String(error.code), message: error.message }
    }
    throw error
  }
  return { code: 'ok', message: '' }
}

/** Matches a message that says this. */
export function saying(text: string | RegExp): unknown {
  return expect.stringMatching(text)
}

export async function codeOf(work: () => unknown): Promise<string> {
  return (await refusalOf(work)).code
}

function configOver(databaseUrl: string, emulator: Emulator): IntegrationsConfigInput {
  const { meta, google_ads: googleAds, tiktok } = emulatorApps
  return {
    database: { connectionString: databaseUrl },
    encryption: { key: '5f0c1d2e3b4a59687786a5b4c3d2e1f05f0c1d2e3b4a59687786a5b4c3d2e1f0' },
    baseUrl: 'http://localhost:4999',
    allowedReturnOrigins: [ORIGIN],
    emulatorUrl: emulator.url,
    providers: {
      meta: { appId: meta.clientId, appSecret: meta.clientSecret },
      googleAds,
      tiktok: { appId: tiktok.clientId, appSecret: tiktok.clientSecret },
      klaviyo: {},
    },
  }
}

async function ownDatabase(
  opened: (() => Promise<unknown>)[],
): Promise<{ readonly databaseUrl: string; readonly adminUrl: string }> {
  const database = await freshDatabase()
  opened.push(() => database.drop())
  return { databaseUrl: database.url, adminUrl: database.url }
}
