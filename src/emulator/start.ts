import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { EmulatorControl } from './control.ts'
import { answerControl } from './control-http.ts'
import { FaultScript } from './faults.ts'
import { googleAdsService } from './google-ads/service.ts'
import { KlaviyoKeyring } from './klaviyo/keyring.ts'
import { klaviyoService } from './klaviyo/service.ts'
import { metaService } from './meta/service.ts'
import { emulatedPlatforms, emulatorEndpoints } from './platform.ts'
import type { EmulatedPlatform, EmulatorEndpoints } from './platform.ts'
import { RequestLog } from './request-log.ts'
import type { RotationMode } from './rotation.ts'
import { createEmulatorServer } from './server.ts'
import { restoreSnapshot } from './snapshot.ts'
import { Settings } from './settings.ts'
import type { Lifetimes } from './settings.ts'
import { standardService } from './standard/service.ts'
import { tiktokService } from './tiktok/service.ts'
import { World } from './world.ts'

/** Where the emulator listens and how its platforms differ from the usual. */
export interface EmulatorOptions {
  /** A free one by default. */
  readonly port?: number
  readonly host?: '127.0.0.1' | 'localhost'
  /** Which ones answer; all by default. */
  readonly platforms?: readonly EmulatedPlatform[]
  /** In seconds, in place of the platforms' own. */
  readonly lifetimes?: Readonly<Partial<Record<EmulatedPlatform, Partial<Lifetimes>>>>
  readonly rotation?: Readonly<Partial<Record<EmulatedPlatform, RotationMode>>>
  /** Redirect URIs registered beside those on loopback. */
  readonly redirectUris?: readonly string[]
  /** The same seed gives the same codes and tokens in the same order; random by default. */
  readonly seed?: string
  /** What `control.snapshot()` gave in another process, also after a trip through JSON. */
  readonly snapshot?: unknown
}

/** A running emulator. */
export interface Emulator {
  readonly url: string
  readonly endpoints: EmulatorEndpoints
  readonly control: EmulatorControl
  /** Stops listening and cuts every connection. */
  readonly close: () => Promise<void>
}

/** The wanted port belongs to somebody else. */
export class EmulatorPortInUseError extends Error {
  override readonly name = 'EmulatorPortInUseError'
  readonly code = 'port_in_use'
  readonly port: number

  constructor(port: number) {
    super(`port ${port} is in use: stop what listens there, or start the emulator on another port`)
    this.port = port
  }
}

/** Starts the platforms on loopback. @throws EmulatorPortInUseError, EmulatorSnapshotError */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const host = options.host ?? '127.0.0.1'
  const settings = settingsFrom(options)
  const world = new World({
    seed: options.seed ?? randomBytes(32).toString('hex'),
    settings,
    redirectUris: options.redirectUris ?? [],
  })
  const services = [
    metaService(world),
    googleAdsService(world),
    tiktokService(world),
    klaviyoService(world, new KlaviyoKeyring()),
    standardService(world),
  ].filter(({ platform }) => options.platforms?.includes(platform) ?? true)
  if (options.snapshot !== undefined) restoreSnapshot(options.snapshot, world, services)
  const parts = { world, services, faults: new FaultScript(), log: new RequestLog() }
  const control = new EmulatorControl(parts)
  let url = ''
  const server = createEmulatorServer({
    ...parts,
    control: (call) => answerControl(control, call),
    origin: () => url,
  })
  const port = await listen(server, { port: options.port ?? 0, host })
  url = `http://${host}:${port}`
  return { url, endpoints: emulatorEndpoints(url), control, close: () => close(server) }
}

function settingsFrom(options: EmulatorOptions): Settings {
  const settings = new Settings()
  for (const platform of emulatedPlatforms) {
    settings.setLifetimes(platform, options.lifetimes?.[platform] ?? {})
    const mode = options.rotation?.[platform]
    if (mode !== undefined) settings.setRotation(platform, mode)
  }
  return settings
}

async function listen(server: Server, at: { port: number; host: string }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new EmulatorPortInUseError(at.port) : error)
    })
    server.listen(at.port, at.host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the emulator has no port')
  return address.port
}

async function close(server: Server): Promise<void> {
  const isClosed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await isClosed
}
