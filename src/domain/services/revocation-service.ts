import type { AppPacing } from '../../ports/app-pacing.ts'
import type { Background } from '../../ports/background.ts'
import type { Cipher, Sealed, SealContext, SecretField } from '../../ports/cipher.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConnectionEvents } from '../../ports/connection-events.ts'
import type { DueConnections } from '../../ports/due-connections.ts'
import type { PendingRevocations, RetiredGrant, RevocationId } from '../../ports/pending-revocations.ts'
import { appOf } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { SealedValues } from '../../ports/sealed-values.ts'
import type { TokenStore } from '../../ports/token-store.ts'
import { isIntegrationError } from '../errors.ts'
import { clampRetryAfter } from '../model/backoff.ts'
import { uuidFrom } from '../model/bytes.ts'
import type { ProviderSubject } from '../model/connection.ts'
import type { ConnectionKey, TenantId } from '../model/identifiers.ts'
import type { Secret } from '../model/secret.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../model/time.ts'
import type { TokenSet } from '../model/token-set.ts'
import { ProviderFailure } from '../provider-failure.ts'
import { connectionEvent } from './connection-event.ts'
import { candidateContext, connectionContext, sealTokens } from './sealing.ts'
import type { TokenField } from './sealing.ts'
import { throttleOf } from './suspension.ts'

/**
 * What became of a grant at its provider. `kept_for_other_connection`: revoking would have ended another live
 * connection of the same person, or the one that was made in its place. `local_only`: the platform has no such call, or refuses it for good.
 */
export type RevocationResult = 'at_provider' | 'queued' | 'kept_for_other_connection' | 'local_only'

export interface RevocationServiceDependencies {
  readonly revocations: PendingRevocations
  readonly tokens: Pick<TokenStore, 'read'>
  readonly sealedValues: Pick<SealedValues, 'read'>
  readonly due: DueConnections
  readonly pacing: AppPacing
  readonly cipher: Cipher
  readonly random: RandomSource
  readonly clock: Clock
  readonly background: Background
  readonly events: ConnectionEvents
}

export interface OrphanGrant {
  readonly key: ConnectionKey
  readonly clientId: string
  readonly tokens: TokenSet
  readonly subject: ProviderSubject | undefined
}

type TokenName = 'accessToken' | 'refreshToken'

/** How many revocations a caller sends at once, since a platform that is sent too many throttles the whole app. */
export const REVOCATIONS_AT_ONCE = 5
/** How long a caller waits for a revocation. */
export const MAX_WAIT_MS = 10 * SECOND_MS

const RETRY_MS = 5 * MINUTE_MS

/** Ends grants at their providers (RFC 7009), at once where possible and from a durable queue where not. */
export class RevocationService {
  readonly #deps: RevocationServiceDependencies

  constructor(dependencies: RevocationServiceDependencies) {
    this.#deps = dependencies
  }

  /** Tries one queued revocation, unless its app is suspended. Never rejects: what cannot be done now stays queued. */
  async attempt(client: ProviderClient, tenantId: TenantId, id: RevocationId): Promise<RevocationResult> {
    let isOfFormerApp = false
    try {
      const grant = await this.#deps.revocations.read(tenantId, id)
      if (grant === undefined) return 'at_provider'
      isOfFormerApp = grant.clientId !== appOf(client).clientId
      const pause = await this.#deps.pacing.pauseOf(appOf(client))
      if (pause !== undefined) return await this.#putOff(tenantId, id, pause.forMs)
      const result = await this.#revoke(client, grant)
      await this.#deps.revocations.settle(tenantId, id, { done: true })
      if (result === 'at_provider') {
        const { clock, events } = this.#deps
        const { connectionId } = grant
        events.emit(connectionEvent('connection.revoked', clock.now(), grant, { connectionId }))
      }
      return result
    } catch (error) {
      await this.#suspendIfThrottled(client, error)
      if (!isRefusedForGood(error)) return this.#putOff(tenantId, id, retryInMsAfter(error, isOfFormerApp))
      await this.#deps.revocations.settle(tenantId, id, { done: true }).catch(() => undefined)
      return 'local_only'
    }
  }

  /**
   * The same for a caller that waits: after ten seconds the answer is `queued` and the attempt continues in the background.
   * The revocation is in the queue either way.
   */
  async attemptBriefly(
    client: ProviderClient,
    tenantId: TenantId,
    id: RevocationId,
  ): Promise<RevocationResult> {
    return this.#briefly(this.attempt(client, tenantId, id), 'queued')
  }

  /**
   * For a token that was issued but could not be stored. Waits at most ten seconds, then continues in the background.
   * Never rejects.
   */
  async revokeOrphan(client: ProviderClient, orphan: OrphanGrant): Promise<void> {
    if (client.traits.revocation === 'none') return
    await this.#briefly(this.#endOrphan(client, orphan), undefined)
  }

  /** Queues a token that arrived after its connection had gone, then tries to revoke it. Never rejects. */
  async revokeLate(client: ProviderClient, grant: RetiredGrant): Promise<void> {
    try {
      const id = await this.#deps.revocations.add(grant)
      await this.attempt(client, grant.tenantId, id)
    } catch {
      // The queue is out of reach, and with it what the connection of this key holds by now. If this fails too, the token stays
      // valid until its own end, but no connection has it.
      await this.#revoke(client, grant, []).catch(() => undefined)
    }
  }

  /** Resolves with the result of `work`, or with `otherwise` after ten seconds; `work` continues and must never reject. */
  async #briefly<T>(work: Promise<T>, otherwise: T): Promise<T> {
    const { background, clock } = this.#deps
    background.keep(work)
    return Promise.race([work, clock.backgroundDelay(MAX_WAIT_MS).then(() => otherwise)])
  }

  async #endOrphan(client: ProviderClient, orphan: OrphanGrant): Promise<void> {
    try {
      if (await this.#isShared(client, orphan.clientId, orphan.subject)) return
      // The store may be out of reach, which may be why this is an orphan: what this process knows of a suspension has to do,
      // and nobody may know what the connection holds. Either waits only if the revocation can be queued; otherwise nobody
      // would tell the platform later.
      const held = await this.#heldNow(client, orphan.key).catch(() => undefined)
      if (held !== undefined && isAnyOf(orphan.tokens, held)) return
      const mustWait = held === undefined || this.#deps.pacing.knownPause(appOf(client)) !== undefined
      if (mustWait && (await this.#queueIfPossible(orphan))) return
      return await client.revoke(orphan.tokens)
    } catch (error) {
      await this.#suspendIfThrottled(client, error)
    }
    await this.#queueIfPossible(orphan)
  }

  /** Spares what is among `known`: what the connection holds, which the stores are asked for unless it is given. */
  async #revoke(
    client: ProviderClient,
    grant: RetiredGrant,
    known?: readonly Secret[],
  ): Promise<RevocationResult> {
    if (client.traits.revocation === 'none') return 'local_only'
    if (await this.#isShared(client, grant.clientId, grant.subject)) {
      return 'kept_for_other_connection'
    }
    const held = known ?? (await this.#heldNow(client, grant))
    const tokens = await this.#open(grant, (field) => connectionContext(grant, grant.tokenVersion, field))
    const isHeld = isAnyOf(tokens, held)
    if (!isHeld) await client.revoke(tokens)
    // On other platforms the first revocation has ended the whole grant.
    const candidates = client.traits.revocation === 'token' ? grant.candidates : []
    for (const candidate of candidates) {
      const contextOf = (field: TokenField): SealContext =>
        candidateContext(grant, candidate.parentVersion, field)
      const late = await this.#open(candidate, contextOf)
      if (!isAnyOf(late, held)) await client.revoke(late)
    }
    return isHeld ? 'kept_for_other_connection' : 'at_provider'
  }

  /**
   * All tokens that the connection of this key has now, where a revocation ends single tokens: a platform may have answered a
   * new consent with a token that it gave before. One that is damaged keeps nothing alive.
   */
  async #heldNow(client: ProviderClient, key: ConnectionKey): Promise<readonly Secret[]> {
    if (client.traits.revocation !== 'token') return []
    const { tenantId, provider, label } = key
    const reading = await this.#deps.tokens.read({ tenantId, provider, label })
    if (reading === undefined) return []
    const { connectionId } = reading
    const row = await this.#deps.sealedValues.read({ tenantId, provider, connectionId })
    if (row === undefined) return []
    const { accessToken, refreshToken, previousRefreshToken, candidates } = row.secrets
    const of = (field: SecretField): SealContext => connectionContext(row, row.tokenVersion, field)
    const held = [
      this.#openIfEver(accessToken, of('access_token')),
      this.#openIfEver(refreshToken, of('refresh_token')),
      this.#openIfEver(previousRefreshToken, of('previous_refresh_token')),
      ...candidates.flatMap((candidate) => {
        const late = (field: TokenField): SealContext => candidateContext(row, candidate.parentVersion, field)
        return [
          this.#openIfEver(candidate.accessToken, late('access_token')),
          this.#openIfEver(candidate.refreshToken, late('refresh_token')),
        ]
      }),
    ]
    return (await Promise.all(held)).filter((token) => token !== undefined)
  }

  async #openIfEver(sealed: Sealed | undefined, context: SealContext): Promise<Secret | undefined> {
    try {
      return sealed && (await this.#deps.cipher.open(sealed, context))
    } catch (error) {
      if (isDamage(error)) return undefined
      throw error
    }
  }

  async #open(
    { accessToken, refreshToken }: Pick<RetiredGrant, TokenName>,
    contextOf: (field: TokenField) => SealContext,
  ): Promise<Readonly<Record<TokenName, Secret | undefined>>> {
    const { cipher } = this.#deps
    return {
      accessToken: accessToken && (await cipher.open(accessToken, contextOf('access_token'))),
      refreshToken: refreshToken && (await cipher.open(refreshToken, contextOf('refresh_token'))),
    }
  }

  /**
   * Whether revoking would end another live connection, where a revocation ends every grant of a person. An unknown person
   * is treated as shared. The row that the grant came from counts only if it has been connected again.
   */
  async #isShared(
    client: ProviderClient,
    clientId: string,
    subject: ProviderSubject | undefined,
  ): Promise<boolean> {
    const { revocation, provider } = client.traits
    if (revocation !== 'subject') return false
    if (subject === undefined) return true
    const others = await this.#deps.due.connectionsOf({ provider, clientId, subject })
    return others.some(({ isLive }) => isLive)
  }

  async #putOff(tenantId: TenantId, id: RevocationId, retryInMs: number): Promise<RevocationResult> {
    await this.#deps.revocations.settle(tenantId, id, { done: false, retryInMs }).catch(() => undefined)
    return 'queued'
  }

  async #suspendIfThrottled(client: ProviderClient, error: unknown): Promise<void> {
    const suspension = throttleOf(client, error)
    if (suspension === undefined) return
    await this.#deps.pacing.suspend(appOf(client), suspension).catch(() => undefined)
  }

  /** Resolves with whether it is in the queue now. */
  async #queueIfPossible(orphan: OrphanGrant): Promise<boolean> {
    return this.#queue(orphan).then(
      () => true,
      () => false,
    )
  }

  async #queue(orphan: OrphanGrant): Promise<void> {
    const { cipher, random, revocations } = this.#deps
    const ids = { connectionId: uuidFrom(random.bytes(16)), grantId: uuidFrom(random.bytes(16)) }
    const grant = { ...orphan.key, ...ids }
    const sealed = await sealTokens(cipher, orphan.tokens, (field) => connectionContext(grant, 1, field))
    await revocations.add({
      ...grant,
      tokenVersion: 1,
      clientId: orphan.clientId,
      subject: orphan.subject,
      ...sealed,
      candidates: [],
    })
  }
}

/** A key that is not configured may be configured again, and a newer release may know another format: neither is damage. */
function isDamage(error: unknown): boolean {
  if (!isIntegrationError(error)) return false
  return (
    error.code === 'cipher_authentication_failed' ||
    (error.code === 'cipher_value_invalid' && error.unknown === undefined)
  )
}

function isAnyOf(
  tokens: Readonly<Partial<Record<TokenName, Secret | undefined>>>,
  held: readonly Secret[],
): boolean {
  return [tokens.accessToken, tokens.refreshToken].some(
    (token) => token !== undefined && held.some((one) => one.equals(token)),
  )
}

/**
 * `unsupported_token_type` (RFC 7009 §2.2.1) is about the token, so it will never change. Everything else that is wrong
 * with the app, its secret above all, will be fixed some day.
 */
function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof ProviderFailure) || error.delivery !== 'answered') return false
  const { kind, providerCode } = error
  return kind === 'permission' || (kind === 'misconfigured' && providerCode === 'unsupported_token_type')
}

function retryInMsAfter(error: unknown, isOfFormerApp: boolean): number {
  if (!(error instanceof ProviderFailure)) return RETRY_MS
  // The current app may never be allowed to revoke what was issued to an earlier client id, which may be configured again.
  if (isOfFormerApp && error.kind === 'misconfigured') return DAY_MS
  return clampRetryAfter(error.retryAfterMs) ?? RETRY_MS
}
