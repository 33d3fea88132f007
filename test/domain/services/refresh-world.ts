import { AesGcmCipher, generateEncryptionKey, KeyRing } from '../../../src/adapters/aes-gcm/index.ts'
import { BackgroundWork } from '../../../src/application/background-work.ts'
import { Meter } from '../../../src/application/meter.ts'
import { PacedApps } from '../../../src/application/paced-apps.ts'
import { ProviderCircuits } from '../../../src/application/provider-circuits.ts'
import { ProviderRegistry } from '../../../src/application/provider-registry.ts'
import { AccessTokens } from '../../../src/application/use-cases/access-tokens.ts'
import { RefreshDueConnections } from '../../../src/application/use-cases/refresh-due-connections.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../../src/domain/model/identifiers.ts'
import { connectionContext } from '../../../src/domain/services/sealing.ts'
import { GrantService } from '../../../src/domain/services/grant-service.ts'
import { RevocationService } from '../../../src/domain/services/revocation-service.ts'
import { TokenLifecycleService } from '../../../src/domain/services/token-lifecycle-service.ts'
import type { Cipher } from '../../../src/ports/cipher.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { ConnectionEvent } from '../../../src/ports/connection-events.ts'
import type { DueConnections } from '../../../src/ports/due-connections.ts'
import type { ProviderClient } from '../../../src/ports/provider-client.ts'
import type { RefreshLeases } from '../../../src/ports/refresh-leases.ts'
import type { SealedValues } from '../../../src/ports/sealed-values.ts'
import type { TokenReading, TokenStore } from '../../../src/ports/token-store.ts'
import type { ConnectionStores } from '../../../src/testing/contracts/connection-stores.ts'
import {
  FixedClock,
  MemoryDatabase,
  MemoryDueConnections,
  MemoryPendingRevocations,
  MemoryProviderApps,
} from '../../../src/testing/index.ts'
import {
  MemoryRefreshLeases,
  MemorySealedValues,
  MemoryTokenStore,
  SequenceRandomSource,
} from '../../../src/testing/index.ts'
import { ModelProvider } from './model-provider.ts'
import type { Mode, ModelProviderOptions } from './model-provider.ts'

export const KEY: ConnectionKey = {
  tenantId: parseTenantId('tenant-a'),
  provider: 'standard',
  label: 'default',
}

export type Step =
  | 'read'
  | 'list'
  | 'claim'
  | 'store'
  | 'keepCandidate'
  | 'release'
  | 'suspect'
  | 'condemn'
  | 'postpone'
  | 'prepare'
  | 'seal'
  | 'open'

/** Comes between a process and what it calls; it may wait or throw. */
export interface Interposed {
  before?: (step: Step) => Promise<void> | void
  after?: (step: Step) => Promise<void> | void
}

export interface WorldOptions {
  readonly mode?: Mode
  readonly traits?: ModelProviderOptions['traits']
  readonly requestsPerSecond?: number
  readonly seed?: number
  readonly cipher?: Cipher
  /** In place of stores in memory. */
  readonly environment?: Environment
}

export type WorldStores = Omit<ConnectionStores, 'close'> & { readonly sealedValues: SealedValues }

/** Stores, and time for them and for the processes alike. */
export interface Environment {
  readonly clock: FixedClock
  readonly stores: WorldStores
  readonly advance: (ms: number) => Promise<void>
  /** Resolves when nothing goes on any more without time passing. */
  readonly settled: () => Promise<void>
}

export interface HostOptions {
  readonly waitUntil?: (work: Promise<unknown>) => void
  /** How far this process's wall clock is off. */
  readonly wallOffsetMs?: number
  /** Stands between this process and the provider. */
  readonly client?: (provider: ModelProvider) => ProviderClient
  /** In place of the world's own provider. */
  readonly providers?: readonly ProviderClient[]
}

/** One process of a host: its own circuits and pacing, its own single flight, the stores of everybody. */
export interface Host {
  readonly tokens: AccessTokens
  readonly lifecycle: TokenLifecycleService
  readonly revocations: RevocationService
  readonly pacing: PacedApps
  readonly job: RefreshDueConnections
  readonly background: BackgroundWork
  readonly interposed: Interposed
  readonly circuits: ProviderCircuits
  /** Lets this process alone be late by so much, as after a pause. */
  stall(ms: number): void
  /** As after its machine was suspended for the time that has just passed: its monotonic clock stood still. */
  wakeAfter(ms: number): void
  /** Sets the wall clock of this process alone, so far off the world's. */
  setWall(offsetMs: number): void
}

/** One connection, one provider, any number of processes, all over the stores given. */
export class RefreshWorld {
  readonly clock: FixedClock
  readonly stores: WorldStores
  readonly provider: ModelProvider
  readonly cipher: Cipher
  readonly events: ConnectionEvent[] = []
  readonly logs: string[] = []
  readonly #random: SequenceRandomSource
  readonly #environment: Environment

  constructor(options: WorldOptions = {}) {
    const {
      mode = 'single_use',
      traits = {},
      seed = 1,
      cipher = cipherUnder(generateEncryptionKey()),
      environment = inMemory(),
      requestsPerSecond,
    } = options
    this.#environment = environment
    this.clock = environment.clock
    this.stores = environment.stores
    this.provider = new ModelProvider({ mode, clock: this.clock, traits, requestsPerSecond })
    this.cipher = cipher
    this.#random = new SequenceRandomSource(seed)
  }

  host(
    owner = 'host-1',
    { waitUntil, wallOffsetMs = 0, client, providers: configured }: HostOptions = {},
  ): Host {
    const interposed: Interposed = {}
    let lateMs = 0
    let offsetMs = wallOffsetMs
    const clock: Clock = {
      now: () => this.clock.now() + offsetMs,
      monotonicMs: () => this.clock.monotonicMs() + lateMs,
      delay: (ms) => this.clock.delay(ms),
      backgroundDelay: (ms) => this.clock.backgroundDelay(ms),
    }
    const background = new BackgroundWork(waitUntil)
    const meter = new Meter({ clock })
    const logger = { log: (_level: string, message: string): unknown => this.logs.push(message) }
    const cipher = interposedCipher(this.cipher, interposed)
    const random = this.#random
    const events = { emit: (event: ConnectionEvent): unknown => this.events.push(event) }
    const circuits = new ProviderCircuits({ clock, logger, events })
    const { apps, due, sealedValues } = this.stores
    const pacing = new PacedApps({ apps, clock, logger, events })
    const revocations = new RevocationService({
      ...{ revocations: this.stores.revocations, tokens: this.stores.tokens, sealedValues },
      ...{ due, pacing, cipher, random, clock, background, events },
    })
    const lifecycle = new TokenLifecycleService({
      tokens: interposedTokens(this.stores.tokens, interposed),
      leases: interposedLeases(this.stores.leases, interposed),
      due: interposedDue(due, interposed),
      ...{ revocations, cipher, clock, random, circuit: circuits, pacing, background, events, owner },
    })
    const providers = new ProviderRegistry(configured ?? [client?.(this.provider) ?? this.provider])
    // Nothing in this world is of the earlier format.
    const resealing = { follow: () => undefined }
    return {
      tokens: new AccessTokens({
        ...{ lifecycle, tokens: this.stores.tokens, providers, background, resealing, meter },
      }),
      job: new RefreshDueConnections({
        ...{ lifecycle, due, pendingRevocations: this.stores.revocations, revocations, providers, clock },
        ...{ background, meter, logger },
      }),
      ...{ lifecycle, revocations, pacing, background, interposed, circuits },
      stall: (ms) => {
        lateMs += ms
      },
      wakeAfter: (ms) => {
        lateMs -= ms
      },
      setWall: (ms) => {
        offsetMs = ms
      },
    }
  }

  /** A person consents (again). */
  async connect(key: ConnectionKey = KEY, provider = this.provider): Promise<void> {
    const { apps, tokens, revocations: queue, due, sealedValues } = this.stores
    const { clock, cipher } = this
    const random = this.#random
    const events = { emit: (): void => undefined }
    const pacing = new PacedApps({ apps, clock, logger: { log: () => undefined }, events })
    const background = new BackgroundWork()
    const revocations = new RevocationService({
      ...{ revocations: queue, tokens, sealedValues },
      ...{ due, pacing, cipher, random, clock, background, events },
    })
    const grants = new GrantService({ tokens, cipher, revocations, random, clock })
    await grants.connect(provider, {
      key,
      clientId: 'client-1',
      requestedScopes: [],
      allowAccountChange: true,
      tokens: provider.open(),
      sentAt: clock.monotonicMs(),
    })
  }

  /** Connected, and the access token past its end. */
  async connectExpired(): Promise<void> {
    await this.connect()
    await this.expire()
  }

  async expire(): Promise<void> {
    await this.advance((this.provider.lifetimeMs ?? 0) + 1)
  }

  async advance(ms: number): Promise<void> {
    await this.#environment.advance(ms)
    await this.settle()
  }

  async reading(key: ConnectionKey = KEY): Promise<TokenReading> {
    const reading = await this.stores.tokens.read(key)
    if (reading === undefined) throw new Error('there is no such connection')
    return reading
  }

  /** The refresh tokens that the row holds, current first, then candidates; read by a claim that is given back. */
  async heldRefreshTokens(): Promise<readonly string[]> {
    const reading = await this.reading()
    const lease = await this.stores.leases.claim(KEY, reading.tokenVersion, {
      owner: 'auditor',
      leaseTtlMs: 1,
      backoff: { baseMs: 0, capMs: 0, jitter: 0 },
      maxAttemptsPerHour: 10_000,
      app: { provider: KEY.provider, clientId: 'auditor' },
      maxWaitMs: 0,
    })
    if (lease === undefined || 'reason' in lease) throw new Error('the connection cannot be claimed')
    await this.stores.leases.release(lease, { retryInMs: 0 })
    const { cipher } = this
    const held: string[] = []
    if (lease.tokens.refreshToken !== undefined) {
      const context = connectionContext(lease, lease.tokenVersion, 'refresh_token')
      held.push((await cipher.open(lease.tokens.refreshToken, context)).reveal())
    }
    const { tenantId, provider, connectionId, grantId } = lease
    for (const { parentVersion, refreshToken } of lease.candidates) {
      if (refreshToken === undefined) continue
      const context = {
        purpose: 'candidate',
        tenantId,
        provider,
        connectionId,
        grantId,
        parentVersion,
      } as const
      held.push((await cipher.open(refreshToken, { ...context, field: 'refresh_token' })).reveal())
    }
    return held
  }

  /** After everything that was due to happen without time passing. */
  async settle(): Promise<void> {
    await this.#environment.settled()
  }

  /** Lets time pass until `work` is settled. */
  async until<T>(work: Promise<T>, maxMs = 3_600_000): Promise<T> {
    let isSettled = false
    const noted = work.finally(() => {
      isSettled = true
    })
    noted.catch(() => undefined)
    for (let waited = 0; !isSettled && waited < maxMs; waited += 1_000) {
      await this.settle()
      if (!isSettled) await this.advance(1_000)
    }
    return noted
  }
}

/** Seals under the first key, and opens what is under any. */
export function cipherUnder(primary: string, ...previous: readonly string[]): Cipher {
  return new AesGcmCipher({ rings: { general: new KeyRing({ name: 'TEST_KEY', primary, previous }) } })
}

/** Holds the host back before the first step of that name, until it is opened. */
export function heldStep(
  { interposed }: Host,
  held: Step,
): { readonly reached: Promise<void>; readonly open: () => void } {
  const [gate, arrival] = [new Gate(), new Gate()]
  interposed.before = async (step) => {
    if (step !== held) return
    arrival.open()
    await gate.opened
  }
  return { reached: arrival.opened, open: () => gate.open() }
}

class Gate {
  open: () => void = () => undefined
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** The attempts that count against a connection, told by a claim that is given back. */
export async function attemptsOf(world: RefreshWorld, key: ConnectionKey = KEY): Promise<number> {
  const { tokenVersion } = await world.reading(key)
  const { lifecycle } = world.host()
  const request = lifecycle.claimRequest(world.provider)
  const lease = await world.stores.leases.claim(key, tokenVersion, request)
  if (lease === undefined || 'reason' in lease) return Number.NaN
  await lifecycle.giveBack(lease)
  return lease.attempt - 1
}

function inMemory(): Environment {
  const clock = new FixedClock()
  const database = new MemoryDatabase({ clock })
  const stores = {
    tokens: new MemoryTokenStore(database),
    leases: new MemoryRefreshLeases(database),
    due: new MemoryDueConnections(database),
    revocations: new MemoryPendingRevocations(database),
    apps: new MemoryProviderApps(database),
    sealedValues: new MemorySealedValues(database),
    elapse: (ms: number) => clock.advance(ms),
  }
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await clock.advance(0)
  }
  return { clock, stores, settled, advance: (ms) => clock.advance(ms) }
}

async function within<T>(interposed: Interposed, step: Step, call: () => Promise<T>): Promise<T> {
  await interposed.before?.(step)
  const result = await call()
  await interposed.after?.(step)
  return result
}

function interposedTokens(tokens: TokenStore, interposed: Interposed): TokenStore {
  return {
    read: (key) => within(interposed, 'read', () => tokens.read(key)),
    list: (tenantId, filter) => within(interposed, 'list', () => tokens.list(tenantId, filter)),
    save: (grant, replacement) => tokens.save(grant, replacement),
    change: (connection, patch) => tokens.change(connection, patch),
    disconnect: (key, retirement) => tokens.disconnect(key, retirement),
    deleteTenant: (tenantId) => tokens.deleteTenant(tenantId),
  }
}

function interposedLeases(leases: RefreshLeases, interposed: Interposed): RefreshLeases {
  return {
    claim: (key, version, request) => within(interposed, 'claim', () => leases.claim(key, version, request)),
    store: (lease, result) => within(interposed, 'store', () => leases.store(lease, result)),
    keepCandidate: (lease, candidate) =>
      within(interposed, 'keepCandidate', () => leases.keepCandidate(lease, candidate)),
    release: (lease, reason) => within(interposed, 'release', () => leases.release(lease, reason)),
    suspect: (lease, forMs) => within(interposed, 'suspect', () => leases.suspect(lease, forMs)),
    condemn: (lease, reason) => within(interposed, 'condemn', () => leases.condemn(lease, reason)),
  }
}

function interposedDue(due: DueConnections, interposed: Interposed): DueConnections {
  return {
    claimDue: (request) => due.claimDue(request),
    postpone: (lease, dueInMs) => within(interposed, 'postpone', () => due.postpone(lease, dueInMs)),
    countDue: (forMs) => due.countDue(forMs),
    needingAttention: (request) => due.needingAttention(request),
    connectionsOf: (owner) => due.connectionsOf(owner),
  }
}

function interposedCipher(cipher: Cipher, interposed: Interposed): Cipher {
  return {
    prepare: (context) => within(interposed, 'prepare', () => cipher.prepare(context)),
    seal: (plaintext, context) => within(interposed, 'seal', () => cipher.seal(plaintext, context)),
    open: (sealed, context) => within(interposed, 'open', () => cipher.open(sealed, context)),
  }
}
