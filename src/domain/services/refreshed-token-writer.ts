import type { SealContext } from '../../ports/cipher.ts'
import { elapsedMs } from '../../ports/clock.ts'
import type { Moment } from '../../ports/clock.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshedTokens, RefreshLease, StoreOutcome } from '../../ports/refresh-leases.ts'
import type { SealedTokens } from '../../ports/token-store.ts'
import { uuidFrom } from '../model/bytes.ts'
import type { Secret } from '../model/secret.ts'
import { leftOf } from '../model/token-set.ts'
import type { TokenSet } from '../model/token-set.ts'
import { connectionEvent } from './connection-event.ts'
import { firstDue } from './first-due.ts'
import type { RefreshCredential } from './refresh-credentials.ts'
import { candidateContext, connectionContext, sealTokens } from './sealing.ts'
import type { TokenField } from './sealing.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** What the provider issued, and the credential that it was issued for. */
export interface Received {
  readonly credential: RefreshCredential
  readonly tokens: TokenSet
  /** When it was requested: lifetimes count from there. */
  readonly sentAt: Moment
}

type SealedSecrets = Pick<RefreshedTokens, 'tokens' | 'previousRefreshToken'>

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 5_000

/**
 * Keeps what a provider has just issued. From here on this process may hold the only live token of the grant, so it
 * goes on trying for as long as it lives, past the end of its lease: the parent version makes that safe.
 */
export class RefreshedTokenWriter {
  readonly #deps: TokenLifecycleDependencies

  constructor(dependencies: TokenLifecycleDependencies) {
    this.#deps = dependencies
  }

  /**
   * Resolves once nothing of the result can be lost with this process: it is the row (`stored`), a candidate of it
   * (`superseded`), or on its way to be revoked because the connection has gone (`grant_gone`).
   */
  async write(client: ProviderClient, lease: RefreshLease, received: Received): Promise<StoreOutcome> {
    const writeId = uuidFrom(this.#deps.random.bytes(16))
    // Each try seals again, because the key may have been retired since the last, and computes how much is left of the lifetimes.
    const { outcome, tokens } = await this.#untilItWorks(async () => {
      const secrets = await this.#seal(lease, received)
      const result = { writeId, ...secrets, ...this.#lifetimes(client, received) }
      return { outcome: await this.#deps.leases.store(lease, result), tokens: secrets.tokens }
    })
    if (outcome === 'stored') {
      const { clock, events } = this.#deps
      const { connectionId } = lease
      events.emit(connectionEvent('token.refreshed', clock.now(), lease, { connectionId }))
    }
    // The connection may also disappear between the two answers of the store.
    const isGone =
      outcome === 'grant_gone' ||
      (outcome === 'superseded' && !(await this.#keepCandidate(lease, received, writeId)))
    if (isGone) this.#revokeLate(client, lease, tokens)
    return isGone ? 'grant_gone' : outcome
  }

  #lifetimes(
    client: ProviderClient,
    received: Received,
  ): Pick<RefreshedTokens, 'expiresInMs' | 'refreshExpiresInMs' | 'dueInMs'> {
    const tookMs = elapsedMs(this.#deps.clock, received.sentAt)
    const expiresInMs = leftOf(received.tokens.expiresInMs, tookMs)
    return {
      expiresInMs,
      refreshExpiresInMs: leftOf(received.tokens.refreshExpiresInMs, tookMs),
      dueInMs: firstDue(client, expiresInMs, this.#deps.random.fraction()),
    }
  }

  /** The connection disappeared while its refresh was under way: the tokens that arrived must not outlive it. */
  #revokeLate(client: ProviderClient, lease: RefreshLease, tokens: SealedTokens): void {
    if (client.traits.revocation !== 'token') return
    const { tenantId, provider, label, connectionId, grantId, clientId } = lease
    const grant = { tenantId, provider, label, connectionId, grantId, clientId, ...tokens, candidates: [] }
    const { background, revocations } = this.#deps
    background.keep(revocations.revokeLate(client, { ...grant, tokenVersion: lease.tokenVersion + 1 }))
  }

  async #keepCandidate(lease: RefreshLease, received: Received, id: string): Promise<boolean> {
    const parentVersion = lease.tokenVersion
    const contextOf = (field: TokenField): SealContext => candidateContext(lease, parentVersion, field)
    return this.#untilItWorks(async () => {
      const tokens = await sealTokens(this.#deps.cipher, tokensToKeep(received), contextOf)
      return this.#deps.leases.keepCandidate(lease, { id, parentVersion, ...tokens })
    })
  }

  async #seal(lease: RefreshLease, received: Received): Promise<SealedSecrets> {
    const { cipher } = this.#deps
    const version = lease.tokenVersion + 1
    const contextOf = (field: TokenField): SealContext => connectionContext(lease, version, field)
    const used = usedRefreshToken(received)
    const { refreshToken } = received.tokens
    const isKept = used !== undefined && (refreshToken === undefined || refreshToken.equals(used))
    const tokens = await sealTokens(cipher, tokensToKeep(received), contextOf)
    if (used === undefined || isKept) return { tokens }
    const context = connectionContext(lease, version, 'previous_refresh_token')
    return { tokens, previousRefreshToken: await cipher.seal(used, context) }
  }

  /** Any error may be temporary, even one that an adapter calls final, and giving up would certainly lose the token. */
  async #untilItWorks<T>(step: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
      try {
        return await step()
      } catch {
        await this.#deps.clock.delay(waitMs)
      }
    }
  }
}

/** Without a new refresh token in the answer the old one stays in use (RFC 6749 §6), sealed again for the new version. */
function tokensToKeep(
  received: Received,
): Pick<TokenSet, 'accessToken'> & { refreshToken: Secret | undefined } {
  const { accessToken, refreshToken = usedRefreshToken(received) } = received.tokens
  return { accessToken, refreshToken }
}

function usedRefreshToken({ credential }: Received): Secret | undefined {
  return 'refreshToken' in credential ? credential.refreshToken : undefined
}
