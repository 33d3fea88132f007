import type { AppPause } from '../../ports/provider-apps.ts'
import { appOf } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { isIntegrationError, ReauthorizationRequiredError, RefreshPendingError } from '../errors.ts'
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

/** Renews what was claimed under `lease` once more after `inMs`, unless it was renewed by then. */
export type RepeatLater = (client: ProviderClient, lease: RefreshLease, inMs: number) => Promise<void>

/** A grace that outlasts a longer wait is long enough for whoever needs the token next, and for the job. */
const LONGEST_REPEAT_MS = refreshTimings({ kind: 'none' }).leaseTtlMs

/** What becomes of a lease whose attempt brought no token. */
export class RefreshVerdicts {
  readonly #deps: TokenLifecycleDependencies
  readonly #repeatLater: RepeatLater
  readonly #endings: LeaseEndings

  constructor(dependencies: TokenLifecycleDependencies, repeatLater: RepeatLater) {
    this.#deps = dependencies
    this.#repeatLater = repeatLater
    this.#endings = new LeaseEndings(dependencies)
  }

  /** The next attempt may be made at once; this one counts if something was sent. */
  async startOver(lease: RefreshLease, isSent: boolean): Promise<undefined> {
    await this.#endings.release(lease, { retryInMs: 0, isUncounted: !isSent })
  }

  /** Something of ours failed: the connection is kept and nothing about it is uncertain. */
  async notSent(lease: RefreshLease, error: unknown): Promise<never> {
    const errorCode = errorCodeOf(error)
    await this.#endings.release(lease, { errorCode })
    this.#emit('token.refresh_failed', lease, errorCode)
    throw error
  }

  /** The app has to wait, which is nothing that happened to the connection: no attempt, no error, no backoff. */
  async putOff(client: ProviderClient, lease: RefreshLease, pause: AppPause): Promise<never> {
    await this.#endings.release(lease, { retryInMs: 0, isUncounted: true })
    throw pauseErrorOf(client, pause, this.#deps.clock.now())
  }

  /**
   * The connection is kept: the provider or our app had a bad minute, or the answer never came. So it is when a client
   * throws what it never promised to: nobody knows what the provider has done by then.
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
   * Nobody else may ask before the grace is over, and the successor of a spent token is lost then. Nothing waits for the
   * repeat: a process that ends before leaves it to the others.
   */
  #repeatWithinGrace(client: ProviderClient, lease: RefreshLease, inMs: number): void {
    const { rotation } = client.traits
    if (rotation.kind !== 'grace' || inMs >= rotation.graceMs || inMs > LONGEST_REPEAT_MS) return
    // What comes of it is in the row.
    this.#repeatLater(client, lease, inMs).catch(() => undefined)
  }

  /** A token that was issued to an earlier app of the host's is refused without any fault of this one. */
  async #suspendApp(client: ProviderClient, lease: RefreshLease, failure: ProviderFailure): Promise<void> {
    const app = appOf(client)
    const suspension = lease.clientId === app.clientId ? suspensionOf(client, failure) : undefined
    if (suspension !== undefined) await this.#deps.pacing.suspend(app, suspension)
  }

  /**
   * Every credential was refused. Where no earlier attempt can still hold a successor, that is the end; otherwise the
   * connection is suspect for as long as one could arrive, and the refusal is confirmed after that.
   */
  async refused(client: ProviderClient, lease: RefreshLease): Promise<Secret | undefined> {
    const { renewal, rotation } = client.traits
    const mayBeHeldElsewhere = lease.isUncertain && !lease.isSuspect && renewal !== 'none'
    const reason = lease.isUncertain && !isReplaySafe(rotation) ? 'rotation_lost' : 'revoked_or_expired'
    return this.#giveUp(client, lease, { reason, mayHeal: mayBeHeldElsewhere })
  }

  /** The credential lives, and a scope is gone that its connection cannot do without: only a person gives it back. */
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
    circuit.note(provider, 'definitive')
    if (mayHeal || !circuit.mayCondemn(provider)) {
      const { hardTimeoutMs, leaseTtlMs } = refreshTimings(rotation)
      const forMs = Math.max(hardTimeoutMs, leaseTtlMs)
      await this.#endings.orRelease(lease, () => leases.suspect(lease, forMs))
      throw new RefreshPendingError(displayName)
    }
    const isCondemned = await this.#endings.orRelease(lease, () => leases.condemn(lease, reason))
    if (!isCondemned) return this.startOver(lease, true)
    this.#emit('connection.needs_reauth', lease, reason)
    throw new ReauthorizationRequiredError(displayName, reason)
  }

  /**
   * Whether the row is no longer what was claimed (read from the primary), and then the token that somebody else stored
   * in the meantime, unless that is of no use: gone with its grant, or at its end.
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
   * What the provider asks for may lengthen the usual backoff and not shorten it: one that asks for the same short wait
   * for ever would use up the attempts of an hour within minutes. Only the first throttle is obeyed to the letter.
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
 * A token that may have been used already is not presented again before every older request has come to its end; where
 * a grace runs, it is presented again while that lasts. After that the usual backoff does.
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
