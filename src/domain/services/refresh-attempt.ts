import type { OAuthProviderClient, ProviderClient } from '../../ports/provider-client.ts'
import { isOAuthClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import {
  ProviderMisconfiguredError,
  RateLimitedError,
  ReauthorizationRequiredError,
  RefreshPendingError,
  StaleConnectionError,
} from '../errors.ts'
import { clampRetryAfter } from '../model/backoff.ts'
import { isReplaySafe, refreshTimings } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenSet } from '../model/token-set.ts'
import { ProviderFailure } from '../provider-failure.ts'
import { connectionContext } from './connection-context.ts'
import { firstDue } from './grant-service.ts'
import { errorCodeOf, toPublicError } from './public-errors.ts'
import { openCredentials } from './refresh-credentials.ts'
import type { RefreshCredential } from './refresh-credentials.ts'
import { RefreshedTokenWriter } from './refreshed-token-writer.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** Part of the lease that may pass before the request goes out: a process that was paused longer starts over. */
const DEADLINE_SHARE = 1 / 4

/** One attempt to renew a claimed connection: preflight, deadline, send, store; or what the failure means. */
export class RefreshAttempt {
  readonly #deps: TokenLifecycleDependencies
  readonly #writer: RefreshedTokenWriter

  constructor(dependencies: TokenLifecycleDependencies) {
    this.#deps = dependencies
    this.#writer = new RefreshedTokenWriter(dependencies)
  }

  /**
   * Resolves with the token to hand out, after it was committed. `claimedAt` is when the claim was started, on the
   * monotonic clock.
   */
  async run(client: ProviderClient, lease: RefreshLease, claimedAt: number): Promise<Secret> {
    const credentials = await this.#preflight(client, lease)
    const { leaseTtlMs } = refreshTimings(client.traits.rotation)
    if (this.#deps.clock.monotonicMs() - claimedAt > leaseTtlMs * DEADLINE_SHARE) {
      await this.#deps.leases.release(lease, { retryInMs: 0 })
      throw new RefreshPendingError(client.traits.displayName)
    }
    return client.traits.renewal !== 'none' && isOAuthClient(client)
      ? this.#refresh(client, lease, credentials)
      : this.#verify(client, lease, credentials)
  }

  /** Everything that could keep an answer from being stored is tried before anything is asked. */
  async #preflight(client: ProviderClient, lease: RefreshLease): Promise<readonly RefreshCredential[]> {
    const { cipher, circuit, clock, leases } = this.#deps
    const { displayName, provider } = client.traits
    try {
      const block = circuit.blocked(provider)
      if (block?.reason === 'rate_limited') throw new RateLimitedError(displayName, clock.now() + block.forMs)
      if (block?.reason === 'misconfigured')
        throw new ProviderMisconfiguredError(displayName, 'see the operator log')
      await cipher.prepare(connectionContext(lease, lease.tokenVersion + 1, 'access_token'))
      return await openCredentials(cipher, client, lease)
    } catch (error) {
      const retryInMs = circuit.blocked(provider)?.forMs
      await leases.release(lease, { errorCode: errorCodeOf(error), retryInMs })
      throw error
    }
  }

  /** Current first; the others only after a definitive refusal, newest first, the previous one last. */
  async #refresh(
    client: OAuthProviderClient,
    lease: RefreshLease,
    credentials: readonly RefreshCredential[],
  ): Promise<Secret> {
    let refusal: ProviderFailure | undefined
    for (const credential of credentials) {
      if (refusal !== undefined) {
        const moved = await this.#movedOn(client, lease)
        if (moved !== undefined) return moved
      }
      const sentAt = this.#deps.clock.monotonicMs()
      const outcome = await this.#send(client, credential)
      if (!(outcome instanceof ProviderFailure)) {
        this.#deps.circuit.note(client.traits.provider, 'ok')
        return this.#writer.write(client, lease, { credential, tokens: outcome, sentAt })
      }
      if (outcome.kind !== 'reauthorize') return this.#keepForLater(client, lease, outcome)
      refusal = outcome
    }
    return this.#afterRefusal(client, lease)
  }

  async #send(
    client: OAuthProviderClient,
    credential: RefreshCredential,
  ): Promise<TokenSet | ProviderFailure> {
    try {
      return await client.refresh(credential)
    } catch (error) {
      if (error instanceof ProviderFailure) return error
      throw error
    }
  }

  async #verify(
    client: ProviderClient,
    lease: RefreshLease,
    credentials: readonly RefreshCredential[],
  ): Promise<Secret> {
    const accessToken = credentials[0]?.accessToken
    if (accessToken === undefined) throw new StaleConnectionError()
    try {
      await client.verify(accessToken)
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      if (error.kind === 'reauthorize') return this.#afterRefusal(client, lease)
      // Asking whether a credential lives changes nothing at the provider, so nothing about it is uncertain.
      return this.#keepForLater(client, lease, error, false)
    }
    this.#deps.circuit.note(client.traits.provider, 'ok')
    await this.#deps.due.postpone(lease, firstDue(client, lease.remainingMs, this.#jitter()))
    return accessToken
  }

  /** The connection is kept: the provider or our app had a bad minute, or the answer never came. */
  async #keepForLater(
    client: ProviderClient,
    lease: RefreshLease,
    failure: ProviderFailure,
    mayHaveActed = failure.delivery === 'uncertain',
  ): Promise<never> {
    const { circuit, clock, leases } = this.#deps
    const { provider, rotation, displayName } = client.traits
    const retryAfterMs = clampRetryAfter(failure.retryAfterMs)
    if (failure.kind === 'misconfigured') circuit.note(provider, 'misconfigured')
    if (failure.kind === 'rate_limited') circuit.note(provider, { rateLimitedForMs: retryAfterMs ?? 5_000 })
    const error = toPublicError(failure, displayName, clock.now())
    // A token that may have been used already is not presented again before every older request has come to its end.
    const quarantineMs =
      mayHaveActed && !isReplaySafe(rotation) ? refreshTimings(rotation).leaseTtlMs : undefined
    await leases.release(lease, {
      errorCode: errorCodeOf(error),
      retryInMs: quarantineMs ?? retryAfterMs,
      isUncertain: mayHaveActed,
    })
    this.#emit('token.refresh_failed', lease, errorCodeOf(error))
    throw error
  }

  /**
   * Every credential was refused. Where no earlier attempt can still hold a successor, that is the end; otherwise the
   * connection is suspect for as long as one could arrive, and the refusal is confirmed after that.
   */
  async #afterRefusal(client: ProviderClient, lease: RefreshLease): Promise<Secret> {
    const moved = await this.#movedOn(client, lease)
    if (moved !== undefined) return moved
    const { circuit, leases } = this.#deps
    const { displayName, provider, rotation } = client.traits
    circuit.note(provider, 'definitive')
    const { hardTimeoutMs, leaseTtlMs } = refreshTimings(rotation)
    const mayBeHeldElsewhere = lease.isUncertain && !lease.isSuspect && client.traits.renewal !== 'none'
    if (mayBeHeldElsewhere || !circuit.mayCondemn(provider)) {
      await leases.suspect(lease, Math.max(hardTimeoutMs, leaseTtlMs))
      throw new RefreshPendingError(displayName)
    }
    const reason = lease.isUncertain && !isReplaySafe(rotation) ? 'rotation_lost' : 'revoked_or_expired'
    const isCondemned = await leases.condemn(lease, reason)
    if (!isCondemned) throw new RefreshPendingError(displayName)
    this.#emit('connection.needs_reauth', lease, reason)
    throw new ReauthorizationRequiredError(displayName, reason)
  }

  /** The token that somebody else stored in the meantime, if any (read from the primary). */
  async #movedOn(client: ProviderClient, lease: RefreshLease): Promise<Secret | undefined> {
    const reading = await this.#deps.tokens.read(lease)
    if (reading === undefined || reading.grantId !== lease.grantId || reading.status === 'disconnected') {
      throw new StaleConnectionError()
    }
    if (reading.tokenVersion === lease.tokenVersion || reading.accessToken === undefined) return undefined
    await this.#deps.leases.release(lease, {})
    const context = connectionContext({ ...lease, ...reading }, reading.tokenVersion, 'access_token')
    if (reading.remainingMs !== null && reading.remainingMs <= 0) {
      throw new RefreshPendingError(client.traits.displayName)
    }
    return this.#deps.cipher.open(reading.accessToken, context)
  }

  #emit(type: 'token.refresh_failed' | 'connection.needs_reauth', lease: RefreshLease, reason: string): void {
    const { tenantId, provider, label, connectionId } = lease
    const at = this.#deps.clock.now()
    this.#deps.events.emit({ type, at, tenantId, provider, label, connectionId, reason })
  }

  #jitter(): number {
    return (this.#deps.random.bytes(1)[0] ?? 0) / 256
  }
}
