import { expect } from 'vitest'
import { StoreUnavailableError, CipherUnavailableError } from '../../../src/domain/errors.ts'
import { refreshTimings } from '../../../src/domain/model/rotation.ts'
import { SECOND_MS } from '../../../src/domain/model/time.ts'
import { connectionContext } from '../../../src/domain/services/sealing.ts'
import type { OAuthProviderClient } from '../../../src/ports/provider-client.ts'
import type { RefreshLeases } from '../../../src/ports/refresh-leases.ts'
import type { ModelProvider } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'
import type { Environment, Host, Step } from './refresh-world.ts'
import type { Mode } from './model-provider.ts'

interface Call {
  readonly token: string
  readonly startedAt: number
  readonly grantId: string
}

const OURS: readonly Step[] = ['prepare', 'seal', 'open']

/** What is true, beside what the library believes: every invariant is held against it. */
export class RefreshTruth {
  readonly world: RefreshWorld
  readonly hosts: Host[] = []
  readonly broken: string[] = []
  isStoreDown = false
  isCipherDown = false
  losesNextAcknowledgement = false
  isDisconnected = false
  readonly #dead = new Set<string>()
  readonly #calls = new Set<Call>()
  /** Refresh tokens that a process has received, by its name. */
  readonly #delivered = new Map<string, string>()
  readonly #committed = new Set<string>()
  #currentRefreshToken = ''
  #grantId = ''
  #version = 0
  #named = 0

  constructor(mode: Mode, environment?: Environment) {
    this.world = new RefreshWorld({ mode, ...(environment === undefined ? {} : { environment }) })
    this.#watchStores(this.world.stores.leases)
  }

  async open(hosts: number): Promise<void> {
    await this.connect()
    for (let index = 0; index < hosts; index += 1) this.hosts.push(this.#newHost())
  }

  /** A new consent, at a moment when the store works. */
  async connect(): Promise<void> {
    await this.world.connect()
    this.isDisconnected = false
    const [refreshToken = ''] = await this.world.heldRefreshTokens()
    this.#delivered.set(refreshToken, 'nobody')
    this.#currentRefreshToken = refreshToken
    const reading = await this.world.reading()
    this.#grantId = reading.grantId
    this.#version = reading.tokenVersion
    this.#committed.add(await this.#openAccess())
  }

  async disconnect(): Promise<void> {
    await this.world.stores.tokens.disconnect(KEY, { queueForRevocation: true })
    this.isDisconnected = true
  }

  /** The process dies where it stands; another takes its place. */
  crash(index: number): void {
    const host = this.hosts[index]
    if (host === undefined) return
    host.interposed.before = () => new Promise(() => undefined)
    host.interposed.after = host.interposed.before
    this.#dead.add(`host-${this.#nameOf(host)}`)
    this.hosts[index] = this.#newHost()
  }

  /** Time passes, and stands still for the monotonic clock of one process. */
  async suspend(index: number, ms: number): Promise<void> {
    await this.world.advance(ms)
    this.hosts[index]?.wakeAfter(ms)
  }

  /** Whatever a caller is given was committed before (I3) and is what the provider issued to this grant (I8). */
  async ask(index: number, how: 'get' | 'refresh'): Promise<void> {
    const host = this.hosts[index]
    if (host === undefined) return
    const asked = host.tokens[how](KEY)
    asked.then(
      (token) => this.#check('I3 Durable before visible', this.#committed.has(token.reveal())),
      () => undefined,
    )
    await this.world.settle()
  }

  async holds(): Promise<void> {
    const { world } = this
    const reading = await world.reading()
    const isSame = reading.grantId === this.#grantId
    this.#check('I8 Reconnect wins', isSame)
    this.#check('I1 Chain', reading.tokenVersion >= this.#version)
    this.#version = reading.tokenVersion
    const isLiveAtProvider = world.provider.acceptsRefresh(this.#currentRefreshToken)
    this.#check('I6 Honest status', reading.status !== 'needs_reauth' || !isLiveAtProvider)
    if (this.isDisconnected) this.#check('I7 Disconnect is final', reading.accessToken === undefined)
    const leaseTtlMs = this.#leaseTtlMs()
    for (const call of this.#calls) {
      const isYoung = world.clock.monotonicMs() - call.startedAt < leaseTtlMs - SECOND_MS
      const isOfRow = call.grantId === reading.grantId && call.token === this.#currentRefreshToken
      if (isYoung && isOfRow && !this.isDisconnected) this.#check('I10 Owned release', reading.leaseMs > 0)
    }
    expect(this.broken).toEqual([])
  }

  /** I2, after every fault has ended and everybody had time: what a living process received is not lost. */
  async holdsAtRest(): Promise<void> {
    const { world } = this
    Object.assign(this, { isStoreDown: false, isCipherDown: false, losesNextAcknowledgement: false })
    world.provider.forgetPlans()
    for (let turn = 0; turn < 4; turn += 1) {
      await this.ask(0, 'get')
      await world.advance(13 * 60 * SECOND_MS)
      await this.holds()
    }
    await this.hosts[0]?.job.run()
    await world.settle()
    const living = [...this.#delivered].filter(([, owner]) => !this.#dead.has(owner)).map(([token]) => token)
    const live = living.filter((token) => world.provider.acceptsRefresh(token))
    if (this.isDisconnected) this.#check('I7 Disconnect is final', live.length === 0)
    else if (live.length > 0) {
      const { status } = await world.reading()
      this.#check('I2 No living loss', status === 'active')
      if (status === 'active') {
        await world.advance(3_600 * SECOND_MS)
        const held = await world.heldRefreshTokens()
        this.#check(
          'I2 No living loss',
          held.some((token) => world.provider.acceptsRefresh(token)),
        )
      }
    }
    expect(this.broken).toEqual([])
  }

  #newHost(): Host {
    this.#named += 1
    const owner = `host-${this.#named}`
    const offsets = [0, 86_400_000, -86_400_000, 600_000]
    const host = this.world.host(owner, {
      wallOffsetMs: offsets[this.#named % offsets.length] ?? 0,
      client: (provider) => this.#watchedClient(provider, owner),
    })
    this.#names.set(host, this.#named)
    host.interposed.before = (step) => {
      if (OURS.includes(step) ? this.isCipherDown : this.isStoreDown) {
        throw OURS.includes(step) ? new CipherUnavailableError('down') : new StoreUnavailableError('Postgres')
      }
    }
    host.interposed.after = (step) => {
      if (step !== 'store' || !this.losesNextAcknowledgement) return
      this.losesNextAcknowledgement = false
      throw new StoreUnavailableError('Postgres')
    }
    return host
  }

  readonly #names = new Map<Host, number>()

  #nameOf(host: Host): number {
    return this.#names.get(host) ?? 0
  }

  #watchedClient(provider: ModelProvider, owner: string): OAuthProviderClient {
    return {
      traits: provider.traits,
      authorization: provider.authorization,
      authorizationUrl: () => provider.authorizationUrl(),
      exchangeCode: () => provider.exchangeCode(),
      examine: () => provider.examine(),
      verify: (token) => provider.verify(token),
      revoke: (credential) => provider.revoke(credential),
      refresh: async (credential) => {
        const token = credential.refreshToken?.reveal() ?? ''
        const call = { token, startedAt: this.world.clock.monotonicMs(), grantId: this.#grantId }
        this.#judgeCall(call)
        this.#calls.add(call)
        try {
          const tokens = await provider.refresh(credential)
          this.#delivered.set(tokens.refreshToken?.reveal() ?? token, owner)
          return tokens
        } finally {
          this.#calls.delete(call)
        }
      },
    }
  }

  #judgeCall(call: Call): void {
    const { provider } = this.world
    this.#check('I9 Preflight', !this.isStoreDown && !this.isCipherDown)
    for (const other of this.#calls) {
      if (other.grantId !== call.grantId || other.token !== call.token) continue
      this.#check('I4 One in flight', call.startedAt - other.startedAt >= this.#leaseTtlMs() - SECOND_MS)
    }
    const isReplay = call.token !== this.#currentRefreshToken
    const isHarmful = isReplay && provider.lineageOf(call.token) === this.#lineageOfRow()
    const isCurrentLive = provider.acceptsRefresh(this.#currentRefreshToken)
    if (isHarmful && !this.isDisconnected) this.#check('I5 No harmful replay', !isCurrentLive)
  }

  #lineageOfRow(): ReturnType<ModelProvider['lineageOf']> {
    return this.world.provider.lineageOf(this.#currentRefreshToken)
  }

  #leaseTtlMs(): number {
    return refreshTimings(this.world.provider.traits.rotation).leaseTtlMs
  }

  /** Notes what is committed as it is committed, whoever asked for it. */
  #watchStores(leases: RefreshLeases): void {
    const store = leases.store.bind(leases)
    leases.store = async (lease, result) => {
      const outcome = await store(lease, result)
      if (outcome !== 'stored') return outcome
      const { accessToken, refreshToken } = result.tokens
      const version = lease.tokenVersion + 1
      const { cipher } = this.world
      this.#committed.add(
        (await cipher.open(accessToken, connectionContext(lease, version, 'access_token'))).reveal(),
      )
      if (refreshToken !== undefined) {
        const context = connectionContext(lease, version, 'refresh_token')
        this.#currentRefreshToken = (await cipher.open(refreshToken, context)).reveal()
      }
      return outcome
    }
  }

  async #openAccess(): Promise<string> {
    const reading = await this.world.reading()
    if (reading.accessToken === undefined) return ''
    const context = connectionContext({ ...KEY, ...reading }, reading.tokenVersion, 'access_token')
    return (await this.world.cipher.open(reading.accessToken, context)).reveal()
  }

  #check(invariant: string, isTrue: boolean): void {
    if (!isTrue) this.broken.push(invariant)
  }
}
