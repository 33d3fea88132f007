import { randomUUID } from 'node:crypto'
import type { Container, ContainerModule } from 'inversify'
import { Pool } from 'pg'
import { afterEach, inject } from 'vitest'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { isIntegrationError } from '../../src/domain/errors.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import type { CompleteRequest, StartRequest } from '../../src/domain/services/oauth-service.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { ConnectionEvent } from '../../src/ports/connection-events.ts'
import { freshDatabase } from '../support/database.ts'
import type { GrantingPlatform } from './granting-platform.ts'

export const ORIGIN = 'https://app.example.com'

type Definitions = NonNullable<NonNullable<IntegrationsConfigInput['providers']>['oauth2']>

export interface WorldOptions {
  readonly platforms?: readonly GrantingPlatform[]
  /** Providers of other makes, with their credentials. */
  readonly oauth2?: Definitions
  /** `postgres`: no Redis, the database keeps the states. By default the run's Redis. */
  readonly states?: 'postgres' | 'memory' | { readonly redisUrl: string }
  /** The clock of the process, and of what is kept in its memory. */
  readonly clock?: Clock
}

/** What a process of the host needs, over stores that several of them share. */
export interface World {
  readonly databaseUrl: string
  readonly pool: Pool
  readonly events: ConnectionEvent[]
  readonly logged: string[]
  /** Another process: a container of its own over the same stores. */
  process(more?: Partial<IntegrationsConfigInput>, modules?: readonly ContainerModule[]): Container
}

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Runs after the test, the last one first. */
export function afterwards(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp)
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const database = await freshDatabase()
  afterwards(() => database.drop())
  const pool = new Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => undefined)
  afterwards(() => pool.end())
  const events: ConnectionEvent[] = []
  const logged: string[] = []
  const logger = {
    log: (level: string, message: string, fields: unknown = {}) => {
      logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
    },
  }
  const config = configOver(database.url, options)
  return {
    ...{ databaseUrl: database.url, pool, events, logged },
    process: (more = {}, modules = []) => {
      const container = createIntegrationsContainer(
        { ...config, ...more },
        {
          ...{ logger, modules },
          onEvent: (event) => events.push(event),
          ...(options.clock === undefined ? {} : { clock: options.clock }),
        },
      )
      afterwards(() => container.get(IDS.Shutdown).close())
      return container
    },
  }
}

function configOver(databaseUrl: string, options: WorldOptions): IntegrationsConfigInput {
  const { platforms = [], oauth2 = [], states } = options
  const redisUrl = typeof states === 'object' ? states.redisUrl : inject('redisUrl')
  return {
    database: states === 'memory' ? 'memory' : { connectionString: databaseUrl, maxConnections: 5 },
    ...(typeof states === 'string' ? {} : { redis: { url: redisUrl } }),
    encryption: { key: 'a-key-of-the-security-tests-0123456789abcdef' },
    baseUrl: ORIGIN,
    // Lets endpoints be plain HTTP on loopback; nobody listens there.
    emulatorUrl: 'http://127.0.0.1:9',
    providers: { oauth2: [...platforms.map(({ settings }) => settings), ...oauth2] },
  }
}

/** A tenant that no other test counts starts for. */
export function newTenant(name = 'tenant'): string {
  return `${name}-${randomUUID()}`
}

export function keyOf(tenant: string, provider = 'acme', label = 'default'): ConnectionKey {
  return { tenantId: parseTenantId(tenant), provider, label }
}

/** Starts and gives where the browser is sent. */
export async function start(
  container: Container,
  tenant: string,
  more: Partial<Omit<StartRequest, 'key'>> & { readonly provider?: string; readonly label?: string } = {},
): Promise<{ readonly authUrl: URL; readonly state: string }> {
  const { provider, label, ...request } = more
  const { authUrl, state } = await container
    .get(IDS.Connections)
    .start({ key: keyOf(tenant, provider, label), returnUrl: '/settings', ...request })
  return { authUrl: new URL(authUrl), state }
}

/** Completes and gives `connected`, or the code of the error; an error of another kind is thrown on. */
export async function complete(
  container: Container,
  parameters: Readonly<Record<string, string>> | URLSearchParams,
  more: Omit<CompleteRequest, 'callback'> & { readonly provider?: string } = {},
): Promise<string> {
  const { provider = 'acme', ...request } = more
  const callback = new URLSearchParams(parameters)
  return outcomeOf(container.get(IDS.Connections).complete(provider, { callback, ...request }))
}

export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'connected'
  } catch (error) {
    if (isIntegrationError(error)) return error.code
    throw error
  }
}

/** How many rows of connections there are, whosever. */
export async function storedConnections(world: World): Promise<number> {
  const { rows } = await world.pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM integration_connections',
  )
  return rows[0]?.count ?? 0
}
