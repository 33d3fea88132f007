import type { AppPause } from '../../ports/provider-apps.ts'
import { appOf } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import {
  isIntegrationError,
  ReauthorizationRequiredError,
  RefreshPendingError,
  StoreUnavailableError,
} from '../errors.ts'
import { backoffMs, clampRetryAfter, REFRESH_BACKOFF } from '../model/backoff.ts'
import type { ReauthReason } from '../model/connection.ts'
import { isReplaySafe, refreshTimings } from '../model/rotation.ts'
import type { RotationClass } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { ProviderFailure } from '../provider-failure.ts'
import { connectionEvent } from './connection-event.ts'
import { LeaseEndings } from './lease-endings.ts'
import { pauseErrorOf } from './pending-error.ts'
import { errorCodeOf, toPublicError } from './public-errors.ts'
import { connectionContext } from './sealing.ts'
import { suspensionOf } from './suspension.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** Renews the connection of `lease` again after `inMs`, unless it has been renewed by then. */
export type RepeatLater = (client: ProviderClient, lease: RefreshLease, inMs: number) => Promise<void>

/** A longer wait is not repeated from here: a grace that outlasts it leaves the next reader or the job enough time. */
const MAX_REPEAT_MS = refreshTimings({ kind: 'none' }).leaseTtlMs

/** Decides what an attempt that brought no token means for its connection, and ends the lease accordingly. */
export class RefreshVerdicts {
  readonly #deps: TokenLifecycleDependencies
  readonly #repeatLater: RepeatLater
  readonly #endings: LeaseEndings

  constructor(dependencies: TokenLifecycleDependencies, repeatLater: RepeatLater) {
    this.#deps = dependencies
    this.#repeatLater = repeatLater
    this.#endings = new LeaseEndings(dependencies)
  }

  /** The next attempt may follow at once; this one counts only if something was sent. */
  async startOver(lease: RefreshLease, isSent: boolean): Promise<undefined> {
    await this.#endings.release(lease, { retryInMs: 0, isUncounted: !isSent })
  }

  /** Something on our side failed before a request was sent: the connection is kept, and nothing about it is uncertain. */
  async notSent(lease: RefreshLease, error: unknown): Promise<never> {
    const errorCode = errorCodeOf(error)
    await this.#endings.release(lease, { errorCode })
    this.#emit('token.refresh_failed', lease, errorCode)
    throw error
  }

  /** The app has to wait. That is no error of the connection and no backoff, and no attempt unless something was sent. */
  async putOff(
    client: ProviderClient,
    lease: RefreshLease,
    { isSent, pause }: { readonly isSent: boolean; readonly pause: AppPause },
  ): Promise<never> {
    await this.startOver(lease, isSent)
    throw pauseErrorOf(client, pause, this.#deps.clock.now())
  }

  /**
   * The connection is kept: the provider or our app is in trouble, or the answer never came. Anything else that a client
   * throws against its contract is handled the same way, and as uncertain: nobody knows what the provider did before it.
   */
  async keepForLater(
    client: ProviderClient,
    lease: RefreshLease,
    thrown: unknown,
    mayHaveActed = !(thrown instanceof ProviderFailure) || thrown.delivery === 'uncertain',
  ): Promise<never> {
    const { rotation, displayName } = client.traits
    const failure = thrown instanceof ProviderFailure ? thrown : undefined
    if (failure !== undefined) await this.#suspendApp(client, lease, failure)
    const error = toPublicError(thrown, displayName, this.#deps.clock.now())
    const errorCode = errorCodeOf(error)
    const repeatInMs = mayHaveActed ? retryOfUncertain(rotation, lease) : undefined
    const retryInMs = latest(failure === undefined ? undefined : this.#statedWait(failure, lease), repeatInMs)
    await this.#endings.release(lease, { errorCode, retryInMs, isUncertain: mayHaveActed })
    this.#emit('token.refresh_failed', lease, isIntegrationError(error) ? errorCode : 'unexpected')
    if (repeatInMs !== undefined && retryInMs !== undefined) this.#repeatWithinGrace(client, lease, retryInMs)
    throw error
  }

  /**
   * Without a repeat, nobody else might ask before the grace ends, and after that the successor of a spent token is lost.
   * Nothing waits for the repeat: if this process ends first, it is left to the others.
   */
  #repeatWithinGrace(client: ProviderClient, lease: RefreshLease, inMs: number): void {
    const { rotation } = client.traits
    if (rotation.kind !== 'grace' || inMs >= rotation.graceMs || inMs > MAX_REPEAT_MS) return
    // Its outcome is in the row.
    this.#repeatLater(client, lease, inMs).catch(() => undefined)
  }

  /** A token that was issued to an earlier app of the host may be refused without the current app being at fault. */
  async #suspendApp(client: ProviderClient, lease: RefreshLease, failure: ProviderFailure): Promise<void> {
    const app = appOf(client)
    const suspension = lease.clientId === app.clientId ? suspensionOf(client, failure) : undefined
    if (suspension !== undefined) await this.#deps.pacing.suspend(app, suspension)
  }

  /**
   * Every credential was refused. If no earlier attempt can still hold a successor, the connection is given up. Otherwise it
   * is suspect for as long as a successor could still arrive, and then the refusal is confirmed.
   */
  async refused(client: ProviderClient, lease: RefreshLease): Promise<Secret | undefined> {
    const { renewal, rotation } = client.traits
    const mayBeHeldElsewhere = lease.isUncertain && !lease.isSuspect && renewal !== 'none'
    const reason = lease.isUncertain && rotation.kind !== 'none' ? 'rotation_lost' : 'revoked_or_expired'
    return this.#giveUp(client, lease, { reason, mayHeal: mayBeHeldElsewhere })
  }

  /** The credential is alive but has lost a scope that the connection needs, and only a person can grant it again. */
  async permissionRemoved(client: ProviderClient, lease: RefreshLease): Promise<Secret | undefined> {
    return this.#giveUp(client, lease, { reason: 'permission_removed', mayHeal: false })
  }

  async #giveUp(
    client: ProviderClient,
    lease: RefreshLease,
    { reason, mayHeal }: { readonly reason: ReauthReason; readonly mayHeal: boolean },
  ): Promise<Secret | undefined> {
    const moved = await this.movedOn(lease)
    if (moved !== undefined) return moved.token
    const { circuit, leases } = this.#deps
    const { displayName, provider, rotation } = client.traits
    // A suspect is counted when its refusal is confirmed.
    if (!mayHeal) circuit.note(provider, 'definitive')
    if (mayHeal || !circuit.mayCondemn(provider)) {
      const { hardTimeoutMs, leaseTtlMs } = refreshTimings(rotation)
      const forMs = Math.max(hardTimeoutMs, leaseTtlMs)
      await this.#endings.orRelease(lease, () => leases.suspect(lease, forMs))
      throw new RefreshPendingError(displayName)
    }
    const isCondemned = await this.#endings.orRelease(lease, () => this.#condemn(lease, reason))
    if (!isCondemned) return this.startOver(lease, true)
    this.#emit('connection.needs_reauth', lease, reason)
    throw new ReauthorizationRequiredError(displayName, reason)
  }

  /** A verdict whose acknowledgement was lost is found in the row. */
  async #condemn(lease: RefreshLease, reason: ReauthReason): Promise<boolean> {
    const { leases, tokens } = this.#deps
    try {
      return await leases.condemn(lease, reason)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || !error.isUncertain) throw error
      const reading = await tokens.read(lease)
      const isSame = reading?.grantId === lease.grantId && reading.tokenVersion === lease.tokenVersion
      if (!isSame || reading.status !== 'needs_reauth') throw error
      return true
    }
  }

  /**
   * Reads the row again, from the primary. `undefined`: it is still what was claimed. Otherwise the token that somebody else
   * has stored since, or none if the grant is gone or that token has expired.
   */
  async movedOn(lease: RefreshLease): Promise<{ readonly token: Secret | undefined } | undefined> {
    const { cipher, tokens } = this.#deps
    const reading = await this.#endings.orRelease(lease, () => tokens.read(lease))
    const isGone = reading?.grantId !== lease.grantId || reading.accessToken === undefined
    if (isGone) return { token: undefined }
    if (reading.tokenVersion === lease.tokenVersion) return undefined
    await this.#endings.release(lease, {})
    if (reading.remainingMs !== null && reading.remainingMs <= 0) return { token: undefined }
    const context = connectionContext({ ...lease, ...reading }, reading.tokenVersion, 'access_token')
    return { token: await cipher.open(reading.accessToken, context) }
  }

  /**
   * The wait that the provider asks for may lengthen the usual backoff but not shorten it: a provider that keeps asking for
   * the same short wait would use up the hour's attempts within minutes. Only the first throttle is obeyed to the letter.
   */
  #statedWait({ kind, retryAfterMs }: ProviderFailure, { attempt }: RefreshLease): number | undefined {
    const statedMs = clampRetryAfter(retryAfterMs)
    if (statedMs === undefined || (kind === 'rate_limited' && attempt <= 1)) return statedMs
    const jitter = this.#deps.random.fraction()
    return Math.max(statedMs, backoffMs(attempt, { ...REFRESH_BACKOFF, jitter }))
  }

  #emit(type: 'token.refresh_failed' | 'connection.needs_reauth', lease: RefreshLease, reason: string): void {
    const { clock, events } = this.#deps
    const { connectionId } = lease
    events.emit(connectionEvent(type, clock.now(), lease, { connectionId, reason }))
  }
}

/**
 * A token that may already be spent is not presented again before every older request has ended, except within a grace,
 * where it is presented again while the grace lasts. `undefined`: the usual backoff applies.
 */
function retryOfUncertain(rotation: RotationClass, lease: RefreshLease): number | undefined {
  const { leaseTtlMs } = refreshTimings(rotation)
  if (!isReplaySafe(rotation)) return leaseTtlMs
  if (rotation.kind !== 'grace' || lease.isUncertain) return undefined
  return Math.min(REFRESH_BACKOFF.baseMs, Math.floor(leaseTtlMs / 2))
}

function latest(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? (first ?? second) : Math.max(first, second)
}
