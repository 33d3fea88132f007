import { once } from 'node:events'
import { join } from 'node:path'
import type { Container } from 'inversify'
import { Pool } from 'pg'
import { migrate } from '../../src/adapters/postgres/index.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { MigrationConflictError } from '../../src/domain/errors.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { startPostgres } from '../services/postgres.ts'
import { DemoFolder } from './demo-folder.ts'
import { demoHost } from './demo-host.ts'
import { listenOnLoopback } from './loopback.ts'

/** A problem that the person who started the demo can solve. */
class DemoProblem extends Error {
  override readonly name = 'DemoProblem'
}

const FIRST_PORT = 3000
const PORTS = Array.from({ length: 20 }, (_, index) => FIRST_PORT + index)

const closers: (() => Promise<void>)[] = []

try {
  const port = await open()
  announce(port)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
} catch (error) {
  if (!(error instanceof DemoProblem)) throw error
  console.error(error.message)
  process.exitCode = 1
} finally {
  for (const close of closers.reverse()) await close()
}

/** The settings page with everything behind it on this machine alone: `npm start`. */
async function open(): Promise<number> {
  const folder = new DemoFolder(join(import.meta.dirname, '../../.demo'))
  const database = await openDatabase(folder)
  const emulator = await startEmulator({ snapshot: folder.emulatorSnapshot() })
  closers.push(() => emulator.close())
  closers.push(folder.keepEmulator(emulator))
  const pool = new Pool({ connectionString: database, max: 1 })
  pool.on('error', () => undefined)
  closers.push(() => pool.end())
  const server = await listenOnLoopback(PORTS, (port) => {
    const baseUrl = `http://localhost:${port}`
    const container = containerFor({ database, key: folder.encryptionKey(), emulator, baseUrl })
    closers.push(() => container.get(IDS.Shutdown).close())
    const host = demoHost({ container, emulator, baseUrl, setRemaining: remainingIn(pool) })
    return (request, response) => void host(request, response)
  })
  if (server === undefined) {
    throw new DemoProblem(`Ports ${FIRST_PORT} to ${PORTS.at(-1)} are all taken: free one and start again.`)
  }
  closers.push(() => server.close())
  return server.port
}

async function openDatabase(folder: DemoFolder): Promise<string> {
  console.log('Starting Postgres (the first time takes a little longer) …')
  const postgres = await startPostgres({ dataFolder: folder.databaseFolder, isDedicated: true })
  closers.push(() => postgres.stop())
  try {
    await migrate({ connectionString: postgres.url })
  } catch (error) {
    if (!(error instanceof MigrationConflictError)) throw error
    throw new DemoProblem(
      `${error.message}.\nThe demo's data is from another version. To start afresh, remove ${postgres.dataFolder ?? '.demo'} and .demo.`,
    )
  }
  return postgres.url
}

function announce(port: number): void {
  if (port !== FIRST_PORT) console.log(`Port ${FIRST_PORT} is taken; using ${port} instead.`)
  console.log(`
  The settings page is at  http://localhost:${port}

  The platforms are emulated on this machine; nothing leaves it. Connections stay in .demo/ from run to run.
  Press Ctrl+C to stop.
`)
}

function containerFor(parts: {
  readonly database: string
  readonly key: string
  readonly emulator: Emulator
  readonly baseUrl: string
}): Container {
  const { meta, google_ads: google, tiktok } = emulatorApps
  return createIntegrationsContainer({
    database: { connectionString: parts.database },
    encryption: { key: parts.key },
    baseUrl: parts.baseUrl,
    requireInitiator: true,
    providers: {
      meta: { appId: meta.clientId, appSecret: meta.clientSecret },
      googleAds: { clientId: google.clientId, clientSecret: google.clientSecret },
      tiktok: { appId: tiktok.clientId, appSecret: tiktok.clientSecret },
      klaviyo: {},
    },
    emulatorUrl: parts.emulator.url,
  })
}

/** Over the superuser of the demo's own server, whom row security does not hold. */
function remainingIn(pool: Pool): (key: ConnectionKey, remainingMs: number) => Promise<void> {
  return async ({ tenantId, provider, label }, remainingMs) => {
    await pool.query(
      `UPDATE public.integration_connections
       SET token_expires_at = clock_timestamp() + make_interval(secs => $4 / 1000.0)
       WHERE tenant_id = $1 AND provider = $2 AND label = $3`,
      [tenantId, provider, label, remainingMs],
    )
  }
}
