import { elapsedMs, momentOf } from '../../ports/clock.ts'
import type { Moment } from '../../ports/clock.ts'
import { appOf, isOAuthClient } from '../../ports/provider-client.ts'
import type { AppPause } from '../../ports/provider-apps.ts'
import type { OAuthProviderClient, ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshLease } from '../../ports/refresh-leases.ts'
import { RefreshPendingError } from '../errors.ts'
import { refreshTimings } from '../model/rotation.ts'
import type { Secret } from '../model/secret.ts'
import { MINUTE_MS } from '../model/time.ts'
import { isKeepable, leftOf } from '../model/token-set.ts'
import type { TokenSet } from '../model/token-set.ts'
import { ProviderFailure, responseInvalid } from '../provider-failure.ts'
import { firstDue } from './first-due.ts'
import { LeaseEndings } from './lease-endings.ts'
import { openAccessToken, openCurrent, openOthers, secretOf } from './refresh-credentials.ts'
import type { RefreshCredential } from './refresh-credentials.ts'
import { RefreshVerdicts } from './refresh-verdicts.ts'
import type { RepeatLater } from './refresh-verdicts.ts'
import { RefreshedTokenWriter } from './refreshed-token-writer.ts'
import type { Received } from './refreshed-token-writer.ts'
import { connectionContext } from './sealing.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** A connection that was claimed for `client`. */
export interface Claim<Client extends ProviderClient = ProviderClient> {
  readonly client: Client
  readonly lease: RefreshLease
  readonly claimedAt: Moment
  /** A credential that cannot be renewed is verified either way. */
  readonly work: 'renew' | 'verify'
}

/** How long a successful verification is trusted for a token that nothing can renew. */
const VERIFIED_FOR_MS = 5 * MINUTE_MS

/** One attempt to renew a claimed connection: preflight, deadline, send, store; or what the failure means. */
export class RefreshAttempt {
  readonly #deps: TokenLifecycleDependencies
  readonly #writer: RefreshedTokenWriter
  readonly #verdicts: RefreshVerdicts
  readonly #endings: LeaseEndings

  constructor(dependencies: TokenLifecycleDependencies, repeatLater: RepeatLater) {
    this.#deps = dependencies
    this.#writer = new RefreshedTokenWriter(dependencies)
    this.#verdicts = new RefreshVerdicts(dependencies, repeatLater)
    this.#endings = new LeaseEndings(dependencies)
  }

  /**
   * Resolves with the token to hand out, after it was committed. `undefined`: nothing came of this attempt because the
   * connection changed or too much time had passed; read it again and start over.
   */
  async run(claim: Claim): Promise<Secret | undefined> {
    const current = await this.#preflight(claim)
    const pause = await this.#turn(claim)
    if (pause !== undefined) return this.#verdicts.putOff(claim.client, claim.lease, { pause, isSent: false })
    if (!this.#isInTime(claim, 'sendWithinMs')) return this.#verdicts.startOver(claim.lease, false)
    return claim.work === 'renew' && isRenewable(claim)
      ? this.#refresh(claim, current)
      : this.#verify(claim, secretOf(current))
  }

  /** Tries everything that could keep an answer from being stored before anything is sent. */
  async #preflight({ client, lease, work }: Claim): Promise<RefreshCredential> {
    const { cipher } = this.#deps
    try {
      await cipher.prepare(connectionContext(lease, lease.tokenVersion + 1, 'access_token'))
      if (work === 'verify') return await openAccessToken(cipher, lease)
      const current = await openCurrent(cipher, client, lease)
      // A key may be available and still fail, so it is used once. What is stored later is sealed then, under the key of that moment.
      const context = connectionContext(lease, lease.tokenVersion + 1, 'refresh_token')
      await cipher.seal(secretOf(current), context)
      return current
    } catch (error) {
      return this.#verdicts.notSent(lease, error)
    }
  }

  /** Waits for the app's turn if it has a budget. Resolves with the reason when nothing may be sent. */
  async #turn({ client, lease, claimedAt }: Claim): Promise<AppPause | undefined> {
    const { maxTurnMs } = refreshTimings(client.traits.rotation)
    try {
      return await this.#deps.pacing.turn(appOf(client), claimedAt, maxTurnMs)
    } catch (error) {
      return this.#verdicts.notSent(lease, error)
    }
  }

  /** The current credential first; others only after a definitive refusal and while nobody else has stored a newer one. */
  async #refresh(claim: Claim<OAuthProviderClient>, current: RefreshCredential): Promise<Secret | undefined> {
    const { client, lease } = claim
    const first = await this.#present(claim, current)
    if (first !== 'refused') return first.token
    for (const credential of await this.#others(claim, current)) {
      const pause = await this.#turn(claim)
      if (pause !== undefined) return this.#verdicts.putOff(client, lease, { pause, isSent: true })
      const moved = await this.#verdicts.movedOn(lease)
      if (moved !== undefined) return moved.token
      if (!this.#isInTime(claim, 'presentWithinMs')) return this.#verdicts.startOver(lease, true)
      const answer = await this.#present(claim, credential)
      if (answer !== 'refused') return answer.token
    }
    return this.#verdicts.refused(client, lease)
  }

  /** If a stored credential cannot be opened, the fault is ours, and the connection is kept. */
  async #others({ client, lease }: Claim, current: RefreshCredential): Promise<readonly RefreshCredential[]> {
    try {
      return await openOthers(this.#deps, client, lease, current)
    } catch (error) {
      return this.#verdicts.notSent(lease, error)
    }
  }

  async #present(
    claim: Claim<OAuthProviderClient>,
    credential: RefreshCredential,
  ): Promise<'refused' | { readonly token: Secret | undefined }> {
    const { client, lease } = claim
    const sentAt = momentOf(this.#deps.clock)
    let tokens: TokenSet
    try {
      tokens = await client.refresh(credential)
      // Such a token can never be sealed, and storing it would be retried for ever.
      if (!isKeepable(tokens)) throw responseInvalid()
    } catch (error) {
      const failure = ofThisApp(claim, error)
      if (failure instanceof ProviderFailure && failure.kind === 'reauthorize') return 'refused'
      return this.#verdicts.keepForLater(client, lease, failure)
    }
    return { token: await this.#keep(claim, { credential, tokens, sentAt }) }
  }

  async #keep({ client, lease }: Claim, received: Received): Promise<Secret | undefined> {
    const outcome = await this.#writer.write(client, lease, received)
    this.#deps.circuit.note(client.traits.provider, 'ok')
    if (outcome === 'grant_gone') return undefined
    if (outcome === 'superseded') return (await this.#verdicts.movedOn(lease))?.token
    // Storing the token took longer than the token lives.
    const tookMs = elapsedMs(this.#deps.clock, received.sentAt)
    if (leftOf(received.tokens.expiresInMs, tookMs) === 0) {
      throw new RefreshPendingError(client.traits.displayName)
    }
    return received.tokens.accessToken
  }

  async #verify(claim: Claim, accessToken: Secret): Promise<Secret | undefined> {
    const { client, lease } = claim
    const { remainingMs } = lease
    // It has expired and cannot be renewed; a platform that still accepts it cannot be relied on.
    if (remainingMs !== null && remainingMs <= 0) return this.#dead(claim)
    try {
      await client.verify(accessToken)
    } catch (error) {
      const failure = ofThisApp(claim, error)
      // Asking whether a credential lives changes nothing at the provider, so nothing about it is uncertain.
      if (!(failure instanceof ProviderFailure))
        return this.#verdicts.keepForLater(client, lease, failure, false)
      if (failure.kind === 'reauthorize') return this.#dead(claim)
      const isAlive = failure.kind === 'permission' && failure.missingScopes.length > 0
      if (!isAlive) return this.#verdicts.keepForLater(client, lease, failure, false)
      if (await this.#isGranted(lease, failure.missingScopes))
        return this.#verdicts.permissionRemoved(client, lease)
    }
    this.#deps.circuit.note(client.traits.provider, 'ok')
    // Nothing can renew it before its end: after this wait the job, a reader within the margin, or a caller whose API call was
    // refused has it verified again. One without an end is verified daily.
    if (client.traits.renewal === 'refresh_token' && !isRenewable(claim) && remainingMs !== null) {
      const retryInMs = Math.min(remainingMs, VERIFIED_FOR_MS)
      await this.#endings.release(lease, { errorCode: null, retryInMs, isUncounted: true })
      return accessToken
    }
    const dueInMs = firstDue(client, remainingMs, this.#deps.random.fraction())
    const isCurrent = await this.#endings.orRelease(lease, () => this.#deps.due.postpone(lease, dueInMs))
    const moved = isCurrent ? undefined : await this.#verdicts.movedOn(lease)
    return moved === undefined ? accessToken : moved.token
  }

  /** A credential whose verification failed for good may still have a successor, or be exchangeable for one. */
  async #dead(claim: Claim): Promise<Secret | undefined> {
    const { client, lease } = claim
    if (!isRenewable(claim)) return this.#verdicts.refused(client, lease)
    const pause = await this.#turn(claim)
    if (pause !== undefined) return this.#verdicts.putOff(client, lease, { pause, isSent: true })
    if (!this.#isInTime(claim, 'presentWithinMs')) return this.#verdicts.startOver(lease, true)
    return this.#refresh(claim, await this.#preflight({ ...claim, work: 'renew' }))
  }

  /** Whether one of the scopes was granted with the consent: a scope that was never granted cannot have been taken away. */
  async #isGranted(lease: RefreshLease, scopes: readonly string[]): Promise<boolean> {
    const { provider, label } = lease
    const { tokens } = this.#deps
    const [connection] = await this.#endings.orRelease(lease, () =>
      tokens.list(lease.tenantId, { provider, label }),
    )
    return scopes.some((scope) => connection?.scopes.includes(scope))
  }

  #isInTime({ client, claimedAt }: Claim, deadline: 'sendWithinMs' | 'presentWithinMs'): boolean {
    const timings = refreshTimings(client.traits.rotation)
    return elapsedMs(this.#deps.clock, claimedAt) <= timings[deadline]
  }
}

/**
 * A refused credential that was issued to another client id of the host may be alive: `invalid_grant` is also the answer
 * to a client that presents another client's token (RFC 6749 §5.2). Then the app is wrong, for this connection alone.
 */
function ofThisApp({ client, lease }: Claim, thrown: unknown): unknown {
  const isOwn = lease.clientId === appOf(client).clientId
  if (isOwn || !(thrown instanceof ProviderFailure)) return thrown
  const { kind, delivery, providerCode } = thrown
  if (kind !== 'reauthorize' || delivery !== 'answered') return thrown
  return new ProviderFailure({ kind: 'misconfigured', delivery, providerCode, concerns: 'connection' })
}

/** Where a platform with refresh tokens issued none for this grant, the access token remains usable until its end. */
function isRenewable(claim: Claim): claim is Claim<OAuthProviderClient> {
  const { client, lease } = claim
  const { renewal } = client.traits
  if (!isOAuthClient(client) || renewal === 'none') return false
  if (renewal === 'self_exchange' || lease.tokens.refreshToken !== undefined) return true
  return lease.remainingMs !== null && lease.remainingMs <= 0
}
