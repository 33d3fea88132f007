import type { Background } from '../../ports/background.ts'
import type { Cipher } from '../../ports/cipher.ts'
import { momentOf } from '../../ports/clock.ts'
import type { Clock, Moment } from '../../ports/clock.ts'
import type { ConnectionEvents } from '../../ports/connection-events.ts'
import type { DueConnections } from '../../ports/due-connections.ts'
import type { AppPacing } from '../../ports/app-pacing.ts'
import type { ProviderCircuit } from '../../ports/provider-circuit.ts'
import { appOf } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { ClaimRequest, RefreshLease, RefreshLeases } from '../../ports/refresh-leases.ts'
import type { TokenReading, TokenStore } from '../../ports/token-store.ts'
import {
  isIntegrationError,
  NotConnectedError,
  ProviderUnavailableError,
  ReauthorizationRequiredError,
  RefreshPendingError,
} from '../errors.ts'
import { MAX_ATTEMPTS_PER_HOUR, REFRESH_BACKOFF } from '../model/backoff.ts'
import { uuidFrom } from '../model/bytes.ts'
import { isLive } from '../model/connection.ts'
import { assessFreshness, mayRenewAhead } from '../model/freshness.ts'
import type { Freshness } from '../model/freshness.ts'
import type { ConnectionKey } from '../model/identifiers.ts'
import { refreshTimings } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { connectionEvent } from './connection-event.ts'
import { LeaseEndings } from './lease-endings.ts'
import { pauseErrorOf, pendingErrorOf } from './pending-error.ts'
import { RefreshAttempt } from './refresh-attempt.ts'
import type { Claim } from './refresh-attempt.ts'
import type { RevocationService } from './revocation-service.ts'
import { connectionContext } from './sealing.ts'

export interface TokenLifecycleDependencies {
  readonly tokens: TokenStore
  readonly leases: RefreshLeases
  readonly due: DueConnections
  readonly revocations: RevocationService
  readonly cipher: Cipher
  readonly clock: Clock
  readonly random: RandomSource
  readonly circuit: ProviderCircuit
  readonly pacing: AppPacing
  readonly background: Background
  readonly events: ConnectionEvents
  /** Names this process in its leases. */
  readonly owner: string
}

/** A reading of a live connection, and what its age means. */
export interface LiveReading {
  readonly reading: TokenReading
  readonly freshness: Freshness
}

const FIRST_POLL_MS = 5
const MAX_POLL_MS = 500
/** A waiting caller looks again after about a quarter of the time waited so far, so it is late by no more than that. */
const POLL_GROWTH = 1.25
/** A timer may be early by a little, and the store measures for itself. */
const TIMER_MARGIN_MS = 50

/**
 * Serves access tokens and renews them: one request to the provider however many callers ask, no superseded result
 * stored, nothing lost that a living process holds. `docs/refresh-protocol.md` explains it step by step.
 */
export class TokenLifecycleService {
  readonly #deps: TokenLifecycleDependencies
  readonly #attempts: RefreshAttempt
  readonly #endings: LeaseEndings

  constructor(dependencies: TokenLifecycleDependencies) {
    this.#deps = dependencies
    this.#attempts = new RefreshAttempt(dependencies, (client, lease, inMs) =>
      this.#repeatLater(client, lease, inMs),
    )
    this.#endings = new LeaseEndings(dependencies)
  }

  /** @throws NotConnectedError, ReauthorizationRequiredError, StoreUnavailableError */
  async read(client: ProviderClient, key: ConnectionKey): Promise<LiveReading> {
    const reading = await this.#deps.tokens.read(key)
    if (reading?.accessToken === undefined) throw unusable(client, reading)
    if (!isLive(reading.status)) throw unusable(client, reading)
    return { reading, freshness: freshnessOf(client, reading) }
  }

  /** @throws the errors of `Cipher.open`; none of them changes the connection */
  async open(key: ConnectionKey, reading: TokenReading): Promise<Secret> {
    if (reading.accessToken === undefined) throw new NotConnectedError(key.provider)
    const { tenantId, provider, label } = key
    const { connectionId, grantId, tokenVersion } = reading
    // Picked member by member: spreading a whole reading takes longer than opening the token.
    const grant = { tenantId, provider, label, connectionId, grantId }
    const context = connectionContext(grant, tokenVersion, 'access_token')
    try {
      return await this.#deps.cipher.open(reading.accessToken, context)
    } catch (error) {
      const { clock, events } = this.#deps
      const reason = isIntegrationError(error) ? error.code : 'unexpected'
      events.emit(connectionEvent('token.decrypt_failed', clock.now(), key, { connectionId, reason }))
      throw error
    }
  }

  /**
   * Renews the token that was read: claims the connection and asks the provider, or waits for whoever does. A credential
   * that cannot be renewed is verified, and so is any other when `work` says so. Callers stop waiting after the soft
   * timeout; the request that is under way continues.
   * @throws ReauthorizationRequiredError, RefreshPendingError, ProviderUnavailableError, RateLimitedError, …
   */
  async renew(
    client: ProviderClient,
    key: ConnectionKey,
    seen: TokenReading,
    work: Claim['work'] = 'renew',
  ): Promise<Secret> {
    const { clock } = this.#deps
    const deadline = clock.monotonicMs() + refreshTimings(client.traits.rotation).softTimeoutMs
    let current = seen
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * POLL_GROWTH, MAX_POLL_MS)) {
      const renewed = await this.#claimAndAttempt(client, key, current, { deadline, work })
      if (renewed !== undefined) return renewed
      const left = deadline - clock.monotonicMs()
      if (left <= 0) throw new RefreshPendingError(client.traits.displayName)
      await clock.delay(Math.min(left, pollMs * (0.5 + this.#deps.random.fraction())))
      const { reading, freshness } = await this.read(client, key)
      if (reading.tokenVersion !== seen.tokenVersion || reading.grantId !== seen.grantId) {
        if (freshness !== 'expired') return this.open(key, reading)
      }
      current = reading
    }
  }

  /**
   * Renews or verifies a connection that the job claimed at `claimedAt`, and waits until it is done.
   * Rejects like `renew`; the outcome is in the row either way.
   */
  async renewLeased(client: ProviderClient, lease: RefreshLease, claimedAt: Moment): Promise<Secret> {
    const attempt = this.#attempts.run({ client, lease, claimedAt, work: dueWork(client, lease) })
    this.#deps.background.keep(attempt)
    const token = await attempt
    if (token === undefined) throw new RefreshPendingError(client.traits.displayName)
    return token
  }

  /** Ends a lease that was not used: it counts as no attempt, and can be claimed again at once. Never rejects. */
  async giveBack(lease: RefreshLease): Promise<void> {
    await this.#endings.release(lease, { retryInMs: 0, isUncounted: true })
  }

  claimRequest(client: ProviderClient): ClaimRequest {
    const { owner, random } = this.#deps
    const { leaseTtlMs, maxTurnMs } = refreshTimings(client.traits.rotation)
    return {
      owner: `${owner}:${uuidFrom(random.bytes(16))}`,
      leaseTtlMs,
      app: appOf(client),
      maxWaitMs: maxTurnMs,
      backoff: { ...REFRESH_BACKOFF, jitter: this.#deps.random.fraction() },
      maxAttemptsPerHour: MAX_ATTEMPTS_PER_HOUR,
    }
  }

  /** `undefined`: somebody else holds or held the lease; read again. */
  async #claimAndAttempt(
    client: ProviderClient,
    key: ConnectionKey,
    seen: TokenReading,
    { deadline, work }: { readonly deadline: number; readonly work: Claim['work'] },
  ): Promise<Secret | undefined> {
    const { background, clock, pacing } = this.#deps
    if (seen.leaseMs > 0) return undefined
    // Nobody holds it and nobody may claim it yet: the last attempt failed and its backoff is running.
    if (seen.nextAttemptMs > 0) throw pendingErrorOf(client, seen, clock.now())
    const request = this.claimRequest(client)
    const known = pacing.knownPause(request.app)
    if (known !== undefined) throw pauseErrorOf(client, known, clock.now())
    if (background.isOver) throw new RefreshPendingError(client.traits.displayName)
    return this.#bounded(client, this.#attemptIfClaimed(client, key, { seen, work, request }), deadline)
  }

  /** The whole step is background work: a process that closed its database after the claim could not store the answer. */
  async #attemptIfClaimed(
    client: ProviderClient,
    key: ConnectionKey,
    {
      request,
      seen,
      work,
    }: Pick<Claim, 'work'> & {
      readonly request: ClaimRequest
      readonly seen: TokenReading
    },
  ): Promise<Secret | undefined> {
    const { clock, leases, pacing } = this.#deps
    const claimedAt = momentOf(clock)
    const lease = await leases.claim(key, seen.tokenVersion, request)
    if (lease === undefined) return undefined
    if ('reason' in lease) {
      pacing.learn(request.app, lease)
      throw pauseErrorOf(client, lease, clock.now())
    }
    if (lease.grantId !== seen.grantId) {
      // A new consent starts at version 1 again and brought a new token with it.
      await this.giveBack(lease)
      return undefined
    }
    return this.#attempts.run({ client, lease, claimedAt, work })
  }

  async #repeatLater(client: ProviderClient, lease: RefreshLease, inMs: number): Promise<void> {
    const { background, clock } = this.#deps
    await clock.backgroundDelay(inMs + TIMER_MARGIN_MS)
    if (background.isClosing) return
    const { tenantId, provider, label } = lease
    const key = { tenantId, provider, label }
    const { reading } = await this.read(client, key)
    const isSame = reading.tokenVersion === lease.tokenVersion && reading.grantId === lease.grantId
    if (isSame) await this.renew(client, key, reading)
  }

  /** Stops waiting but keeps listening: the attempt is never aborted because its caller gave up. */
  async #bounded<T>(client: ProviderClient, attempt: Promise<T>, deadline: number): Promise<T> {
    const { background, clock } = this.#deps
    background.keep(attempt)
    const timeout = clock.backgroundDelay(deadline - clock.monotonicMs()).then(() => {
      throw new ProviderUnavailableError(client.traits.displayName)
    })
    return Promise.race([attempt, timeout])
  }
}

function freshnessOf(client: ProviderClient, reading: TokenReading): Freshness {
  const { marginMs, renewal, renewAtMostEveryMs } = client.traits
  const freshness = assessFreshness(reading, marginMs)
  const isWorthRenewing = renewal !== 'none' && mayRenewAhead(reading, renewAtMostEveryMs)
  return freshness === 'ahead' && !isWorthRenewing ? 'fresh' : freshness
}

function unusable(client: ProviderClient, reading: TokenReading | undefined): Error {
  const { displayName } = client.traits
  if (reading?.status !== 'needs_reauth') return new NotConnectedError(displayName)
  return new ReauthorizationRequiredError(displayName, reading.reauthReason ?? 'revoked_or_expired')
}

/** A token that is exchanged for another lives for weeks: before its window it is verified daily and not renewed. */
function dueWork(client: ProviderClient, lease: RefreshLease): Claim['work'] {
  const { renewal, windowMs } = client.traits
  const isEarly = lease.remainingMs === null || lease.remainingMs > windowMs
  return renewal === 'self_exchange' && isEarly ? 'verify' : 'renew'
}
