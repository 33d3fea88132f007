import type { Fault, FaultScript } from './faults.ts'
import type { EndReason, Issue, Lineage, Reuse, TokenRecord } from './ledger.ts'
import { postSignedRequest, signedRequest } from './meta/signed-request.ts'
import type { CallbackAnswer } from './meta/signed-request.ts'
import { emulatedPlatforms } from './platform.ts'
import type { EmulatedPlatform } from './platform.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'
import type { RotationMode } from './rotation.ts'
import type { PlatformService } from './server.ts'
import { snapshotOf } from './snapshot.ts'
import type { EmulatorSnapshot } from './snapshot.ts'
import type { Lifetimes } from './settings.ts'
import type { World } from './world.ts'

/** The truth about one grant, as a plain copy. */
export interface LineageSnapshot {
  readonly id: string
  readonly platform: EmulatedPlatform
  readonly person: string
  readonly scopes: readonly string[]
  readonly startedAt: number
  /** Why the grant is over; absent while it lives. */
  readonly endedBy?: EndReason
  /** What the platform would accept now. */
  readonly liveAccessTokens: readonly string[]
  readonly liveRefreshTokens: readonly string[]
  /** Requests that presented a refresh token, or a token to be exchanged, of this grant. */
  readonly tokenCalls: number
  readonly inFlight: number
  readonly inFlightMax: number
  readonly reuses: readonly Reuse[]
  readonly issues: readonly Issue[]
}

/** What a test, or an operator of the emulator, may turn and read. */
export class EmulatorControl {
  readonly #world: World
  readonly #faults: FaultScript
  readonly #log: RequestLog
  readonly #services: readonly PlatformService[]

  constructor(parts: {
    world: World
    faults: FaultScript
    log: RequestLog
    services: readonly PlatformService[]
  }) {
    this.#world = parts.world
    this.#faults = parts.faults
    this.#log = parts.log
    this.#services = parts.services
  }

  /** The emulator's wall clock, in milliseconds since the epoch. */
  now(): number {
    return this.#world.now()
  }

  /** Puts the emulator's wall clock forward. */
  advance(ms: number): void {
    this.#world.advance(ms)
  }

  /** Applies to what is issued from now on. */
  setLifetimes(platform: EmulatedPlatform, seconds: Partial<Lifetimes>): void {
    this.#world.settings.setLifetimes(platform, seconds)
  }

  /** Whether and how refresh tokens of the platform rotate from now on. */
  setRotation(platform: EmulatedPlatform, mode: RotationMode): void {
    this.#world.settings.setRotation(platform, mode)
  }

  /** Every request to that platform, or to all, waits this long before it is handled. */
  setLatency(ms: number, platform?: EmulatedPlatform): void {
    for (const each of platform ? [platform] : emulatedPlatforms) this.#world.settings.setLatency(each, ms)
  }

  /** Beyond this many requests in one second the platform throttles; `null` lifts the limit. */
  setBudget(platform: EmulatedPlatform, perSecond: number | null): void {
    this.#world.settings.setBudget(platform, perSecond)
  }

  /** Meta's "Require App Secret" switch. */
  requireAppSecretProof(isRequired: boolean): void {
    this.#world.settings.requiresAppSecretProof = isRequired
  }

  /** Lets access tokens expire at once; returns how many. Refresh tokens stay. */
  expireAccessTokens(platform: EmulatedPlatform, person?: string): number {
    const tokens = this.#tokens(platform, person).filter(
      (token) => token.kind === 'access' && this.#world.ledger.isHonoured(token),
    )
    for (const token of tokens) token.expiresAt = this.#world.now()
    return tokens.length
  }

  /** Tokens as a consent of that person would give them, without the consent: for filling a large store. */
  grant(platform: EmulatedPlatform, person: string, scopes: readonly string[]): Issue {
    const { ledger, settings } = this.#world
    const { access, longLived, refresh } = settings.lifetimes(platform)
    const service = this.#services.find((each) => each.platform === platform)
    service?.grant?.(person, scopes)
    const hasRefreshToken = platform !== 'meta' && platform !== 'tiktok'
    return ledger.issue(ledger.open({ platform, clientId: service?.clientId ?? '', person, scopes }), {
      access: {
        value: ledger.mint('granted_a_', 64),
        seconds: longLived ?? access,
        isLongLived: longLived !== null,
      },
      refresh: hasRefreshToken ? { value: ledger.mint('granted_r_', 64), seconds: refresh } : undefined,
    })
  }

  /** Ends every grant of the person, as if done in the platform's own settings; returns how many. */
  revokeAtPlatform(platform: EmulatedPlatform, person: string, reason: EndReason = 'app_removed'): number {
    const live = this.#world.ledger.lineages(platform, person).filter((lineage) => !lineage.ended)
    for (const lineage of live) this.#world.ledger.end(lineage, reason)
    const removesApp = reason === 'app_removed' || reason === 'revoked'
    if (removesApp) this.#services.find((service) => service.platform === platform)?.forget?.(person)
    return live.length
  }

  /** Meta: takes one permission back in the person's settings, which ends no token; whether it had been granted. */
  withdrawPermission(person: string, permission: string): boolean {
    const service = this.#services.find(({ platform }) => platform === 'meta')
    return service?.withdraw?.(person, permission) ?? false
  }

  /** Scripts a fault for the next requests to that route; `*` is any route. Returns its number. */
  fail(platform: EmulatedPlatform, route: string, fault: Fault): number {
    return this.#faults.add(platform, route, fault)
  }

  /** Takes back one fault by its id, or all. */
  clearFaults(id?: number): void {
    this.#faults.clear(id)
  }

  /** What was asked since the start or the last `clearRequests`, oldest first. */
  requests(platform?: EmulatedPlatform, route?: string): readonly LoggedRequest[] {
    return this.#log.list(platform, route)
  }

  /** Forgets what was asked until now. */
  clearRequests(): void {
    this.#log.clear()
  }

  /** Every grant there has been, as it stands now. */
  lineages(platform?: EmulatedPlatform, person?: string): readonly LineageSnapshot[] {
    return this.#world.ledger.lineages(platform, person).map((lineage) => this.#snapshot(lineage))
  }

  /** Whether the platform would honour this access or refresh token now. Reading does not count as use. */
  accepts(platform: EmulatedPlatform, token: string): boolean {
    const record = this.#world.ledger.find(platform, token)
    return record !== undefined && this.#world.ledger.isHonoured(record)
  }

  /** Meta tells the app that the person removed it. */
  async sendDeauthorize(person: string, url: string): Promise<CallbackAnswer> {
    return postSignedRequest(url, signedRequest(this.#world, person))
  }

  /** Meta passes on the person's wish that the app delete their data. */
  async sendDataDeletion(person: string, url: string): Promise<CallbackAnswer> {
    return postSignedRequest(url, signedRequest(this.#world, person))
  }

  /** Grants and tokens, to go on with in another process: `startEmulator({ snapshot })`. It is as secret as they are. */
  snapshot(): EmulatorSnapshot {
    return snapshotOf(this.#world)
  }

  /** A Meta signed request with other members in its payload, rightly signed. */
  signedRequest(person: string, payload: Readonly<Record<string, unknown>> = {}): string {
    return signedRequest(this.#world, person, payload)
  }

  #tokens(platform: EmulatedPlatform, person?: string): readonly TokenRecord[] {
    return this.#world.ledger.lineages(platform, person).flatMap(({ tokens }) => tokens)
  }

  #snapshot(lineage: Lineage): LineageSnapshot {
    const live = lineage.tokens.filter((token) => this.#world.ledger.isHonoured(token))
    const valuesOf = (kind: TokenRecord['kind']): readonly string[] =>
      live.filter((token) => token.kind === kind).map(({ value }) => value)
    return {
      id: lineage.id,
      platform: lineage.platform,
      person: lineage.person,
      scopes: lineage.scopes,
      startedAt: lineage.startedAt,
      ...(lineage.ended ? { endedBy: lineage.ended.reason } : {}),
      liveAccessTokens: valuesOf('access'),
      liveRefreshTokens: valuesOf('refresh'),
      tokenCalls: lineage.tokenCalls,
      inFlight: lineage.inFlight,
      inFlightMax: lineage.inFlightMax,
      reuses: [...lineage.reuses],
      issues: lineage.issues.map((issue) => ({ ...issue })),
    }
  }
}
