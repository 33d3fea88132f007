import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RefreshedTokens, RefreshLease } from '../../ports/refresh-leases.ts'
import type { SealedTokens } from '../../ports/token-store.ts'
import { isIntegrationError, NotConnectedError } from '../errors.ts'
import { uuidFrom } from '../model/bytes.ts'
import type { Secret } from '../model/secret.ts'
import type { TokenSet } from '../model/token-set.ts'
import { candidateContext, connectionContext } from './connection-context.ts'
import { firstDue } from './grant-service.ts'
import type { RefreshCredential } from './refresh-credentials.ts'
import type { TokenLifecycleDependencies } from './token-lifecycle-service.ts'

/** What the provider gave, and for what. */
export interface Received {
  readonly credential: RefreshCredential
  readonly tokens: TokenSet
  readonly sentAt: number
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/**
 * Keeps what a provider has just issued. From here on this process may hold the only live token of the grant, so it
 * goes on trying for as long as it lives, past the end of its lease: the parent version makes that safe.
 */
export class RefreshedTokenWriter {
  readonly #deps: TokenLifecycleDependencies

  constructor(dependencies: TokenLifecycleDependencies) {
    this.#deps = dependencies
  }

  /** Resolves with the token to hand out, once it is durable. @throws NotConnectedError when the connection is gone */
  async write(client: ProviderClient, lease: RefreshLease, received: Received): Promise<Secret> {
    const writeId = uuidFrom(this.#deps.random.bytes(16))
    const result = await this.#untilItWorks(() => this.#seal(client, lease, received, writeId))
    const outcome = await this.#untilItWorks(() => this.#deps.leases.store(lease, result))
    if (outcome === 'stored') this.#emitRefreshed(lease)
    if (outcome === 'superseded') await this.#keepCandidate(lease, received, writeId)
    if (outcome === 'grant_gone') {
      this.#revokeLate(client, lease, result.tokens)
      throw new NotConnectedError(client.traits.displayName)
    }
    return received.tokens.accessToken
  }

  #emitRefreshed(lease: RefreshLease): void {
    const { clock, events } = this.#deps
    const { tenantId, provider, label, connectionId } = lease
    events.emit({ type: 'token.refreshed', at: clock.now(), tenantId, provider, label, connectionId })
  }

  /** The connection went while its refresh was under way: what arrived for it must not outlive it. */
  #revokeLate(client: ProviderClient, lease: RefreshLease, tokens: SealedTokens): void {
    if (client.traits.revocation !== 'token') return
    const { tenantId, provider, label, connectionId, grantId, clientId } = lease
    const grant = { tenantId, provider, label, connectionId, grantId, clientId, ...tokens }
    const { background, revocations } = this.#deps
    background.keep(revocations.revokeLate(client, { ...grant, tokenVersion: lease.tokenVersion + 1 }))
  }

  async #keepCandidate(lease: RefreshLease, received: Received, id: string): Promise<void> {
    const { leases } = this.#deps
    await this.#untilItWorks(async () => {
      const tokens = await this.#sealTokens(received, (field) =>
        candidateContext(lease, lease.tokenVersion, field),
      )
      await leases.keepCandidate(lease, { id, parentVersion: lease.tokenVersion, ...tokens })
    })
  }

  async #seal(
    client: ProviderClient,
    lease: RefreshLease,
    received: Received,
    writeId: string,
  ): Promise<RefreshedTokens> {
    const { cipher, clock, random } = this.#deps
    const version = lease.tokenVersion + 1
    const used = received.credential.refreshToken
    const isRotated = used !== undefined && !(received.tokens.refreshToken ?? used).equals(used)
    const elapsedMs = clock.monotonicMs() - received.sentAt
    const left = (lifetimeMs: number | null): number | null =>
      lifetimeMs === null ? null : Math.max(0, Math.floor(lifetimeMs - elapsedMs))
    const expiresInMs = left(received.tokens.expiresInMs)
    return {
      writeId,
      tokens: await this.#sealTokens(received, (field) => connectionContext(lease, version, field)),
      previousRefreshToken: isRotated
        ? await cipher.seal(used, connectionContext(lease, version, 'previous_refresh_token'))
        : undefined,
      expiresInMs,
      refreshExpiresInMs: left(received.tokens.refreshExpiresInMs),
      dueInMs: firstDue(client, expiresInMs, (random.bytes(1)[0] ?? 0) / 256),
    }
  }

  /** No new refresh token in the answer: the old one goes on (RFC 6749 §6), sealed again for the new version. */
  async #sealTokens(
    received: Received,
    contextOf: (field: 'access_token' | 'refresh_token') => ReturnType<typeof connectionContext>,
  ): Promise<SealedTokens> {
    const { cipher } = this.#deps
    const refreshToken = received.tokens.refreshToken ?? received.credential.refreshToken
    const accessToken = await cipher.seal(received.tokens.accessToken, contextOf('access_token'))
    if (refreshToken === undefined) return { accessToken }
    return { accessToken, refreshToken: await cipher.seal(refreshToken, contextOf('refresh_token')) }
  }

  async #untilItWorks<T>(step: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await step()
      } catch (error) {
        if (!isIntegrationError(error) || !error.isRetryable) throw error
        await this.#deps.clock.delay(waitMs)
      }
    }
  }
}
