import {
  AccountUnknownError,
  ApiKeyInvalidError,
  NotConnectedError,
  ScopeMissingError,
  StaleConnectionError,
} from '../../domain/errors.ts'
import { cleanText } from '../../domain/model/ad-account.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { isLive } from '../../domain/model/connection.ts'
import type { ConnectionKey, ProviderName, TenantId } from '../../domain/model/identifiers.ts'
import { Secret } from '../../domain/model/secret.ts'
import { ProviderFailure } from '../../domain/provider-failure.ts'
import { connectionEvent } from '../../domain/services/connection-event.ts'
import type { EventFacts } from '../../domain/services/connection-event.ts'
import type { GrantService } from '../../domain/services/grant-service.ts'
import type {
  Completion,
  CompleteRequest,
  OAuthService,
  StartRequest,
} from '../../domain/services/oauth-service.ts'
import { errorCodeOf, toPublicError } from '../../domain/services/public-errors.ts'
import { MAX_WAIT_MS, REVOCATIONS_AT_ONCE } from '../../domain/services/revocation-service.ts'
import type { RevocationResult, RevocationService } from '../../domain/services/revocation-service.ts'
import { sendUnlessSuspended } from '../../domain/services/suspension.ts'
import type { AppPacing } from '../../ports/app-pacing.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConnectionEvents, ConnectionEventType } from '../../ports/connection-events.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { ConnectionPatch, TokenStore } from '../../ports/token-store.ts'
import type { Meter } from '../meter.ts'
import type { ProviderRegistry } from '../provider-registry.ts'
import type { AccessTokens } from './access-tokens.ts'
import { withAudiences } from './chosen-audiences.ts'

export interface ConnectionsDependencies {
  readonly oauth: OAuthService
  readonly grants: GrantService
  readonly revocations: RevocationService
  readonly accessTokens: AccessTokens
  readonly tokens: TokenStore
  readonly providers: ProviderRegistry
  readonly pacing: AppPacing
  readonly clock: Clock
  readonly events: ConnectionEvents
  readonly meter: Meter
}

/** An API key, and the connection that it is for. */
export interface ApiKeyRequest {
  readonly key: ConnectionKey
  readonly apiKey: string
  /** If given, it must be the account's own. */
  readonly publicApiKey?: string | undefined
  readonly allowAccountChange?: boolean | undefined
}

/** Tells a provider that a grant has ended; never rejects. */
type Revoke = () => Promise<RevocationResult>

const MAX_TURNS = 5

/** What a tenant's admin does with connections: connect, choose an account, look again, disconnect, leave. */
export class Connections {
  readonly #deps: ConnectionsDependencies

  constructor(dependencies: ConnectionsDependencies) {
    this.#deps = dependencies
  }

  /** @throws ConfigInvalidError, ReturnUrlRefusedError, LimitExceededError, StoreUnavailableError, CipherUnavailableError */
  async start(request: StartRequest): Promise<{ authUrl: string; state: string }> {
    const { meter, oauth, providers } = this.#deps
    const client = providers.oauth(request.key.provider)
    return meter.time('connection.start', client.traits.provider, () => oauth.start(client, request))
  }

  /** @throws what `OAuthService.complete` throws */
  async complete(provider: ProviderName, request: CompleteRequest): Promise<Completion> {
    const { meter, oauth, providers } = this.#deps
    const client = providers.oauth(provider)
    return meter.time('connection.complete', client.traits.provider, () => oauth.complete(client, request))
  }

  /**
   * Connects with a private API key, after the provider has accepted it.
   * @throws ApiKeyInvalidError, ScopeMissingError, AccountChangedError, ProviderUnavailableError, RateLimitedError, …
   */
  async connectWithApiKey(request: ApiKeyRequest): Promise<Connection> {
    const client = this.#deps.providers.get(request.key.provider)
    const connect = (): Promise<Connection> => this.#connectWithApiKey(client, request)
    return this.#deps.meter.time('connection.complete', client.traits.provider, connect)
  }

  /** The connection without its secrets; `undefined` when there is none, or it was disconnected. */
  async get(key: ConnectionKey): Promise<Connection | undefined> {
    const connection = await this.#deps.grants.find(key)
    return connection?.status === 'disconnected' ? undefined : connection
  }

  /** @throws NotConnectedError, AccountUnknownError, StaleConnectionError */
  async selectAccount(key: ConnectionKey, accountId: string, accountName?: string): Promise<Connection> {
    const changed = await this.#change(key, (connection) => {
      const account = connection.accounts.find((candidate) => candidate.id === accountId)
      if (account?.isUsable !== true) throw new AccountUnknownError()
      const patch = {
        selectedAccountId: account.id,
        selectedAccountName: cleanText(accountName ?? '') || (account.name ?? null),
      }
      return connection.status === 'pending_account_selection' ? { ...patch, status: 'active' } : patch
    })
    this.#emit('connection.account_selected', key, { connectionId: changed.id })
    return changed
  }

  /**
   * Asks the provider again which accounts and audiences the grant reaches, and keeps the answer. A token that is refused
   * is renewed once; a connection that is found dead, or without what it needs, becomes `needs_reauth`.
   */
  async rediscover(key: ConnectionKey): Promise<Connection> {
    const { accessTokens, providers } = this.#deps
    const client = providers.get(key.provider)
    try {
      const examination = await accessTokens.use(key, (token) =>
        sendUnlessSuspended(this.#deps, client, () => client.examine(token)),
      )
      const { accounts, audiences, dataAccessExpiresInMs, missingScopes } = examination
      if (missingScopes.length > 0) throw new ScopeMissingError(client.traits.displayName, missingScopes)
      return await this.#change(key, (connection) => ({
        accounts,
        isVerified: true,
        ...(dataAccessExpiresInMs === undefined ? {} : { dataAccessExpiresInMs }),
        ...(audiences === undefined ? {} : { details: { ...connection.details, audiences } }),
      }))
    } catch (error) {
      // Only a verification says for certain whether a scope was taken back, which ends the connection.
      if (isAboutScopes(error)) await accessTokens.verify(key)
      throw this.#public(client, error)
    }
  }

  /** @throws NotConnectedError, AccountUnknownError when an id is none of the connection's audiences */
  async chooseAudiences(
    key: ConnectionKey,
    chosen: { readonly emailListId: string | null; readonly smsListId: string | null },
  ): Promise<Connection> {
    return this.#change(key, (connection) => ({ details: withAudiences(connection.details, chosen) }))
  }

  /**
   * Final for the grant, whatever a refresh in flight brings. The provider is told at once or from a queue, and is waited
   * for at most ten seconds.
   * @throws NotConnectedError, StoreUnavailableError
   */
  async disconnect(key: ConnectionKey): Promise<RevocationResult> {
    return (await this.#retire(key))()
  }

  /**
   * Disconnects all of the tenant's connections and removes their rows. For ten seconds in all, providers are told of a few
   * grants at a time; the job tells them of the rest. A connection that a consent makes meanwhile is removed the same way.
   * @throws StaleConnectionError when consents keep arriving
   */
  async deleteTenant(tenantId: TenantId): Promise<{ connections: number }> {
    const { clock, events, tokens } = this.#deps
    const endsAt = clock.monotonicMs() + MAX_WAIT_MS
    let deleted = 0
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const connections = await tokens.list(tenantId)
      if (connections.length === 0) {
        events.emit({ type: 'tenant.deleted', at: clock.now(), tenantId })
        return { connections: deleted }
      }
      const revokes: Revoke[] = []
      for (const connection of connections) {
        if (connection.status !== 'disconnected') revokes.push(await this.#leave(connection))
      }
      await this.#tell(revokes, endsAt)
      deleted += await tokens.deleteTenant(tenantId)
    }
    throw new StaleConnectionError()
  }

  async #connectWithApiKey(client: ProviderClient, request: ApiKeyRequest): Promise<Connection> {
    const { key, apiKey, publicApiKey, allowAccountChange } = request
    try {
      await this.#deps.grants.prepare(key)
      const connection = await this.#deps.grants.connect(client, {
        key,
        clientId: '',
        requestedScopes: [],
        allowAccountChange: allowAccountChange === true,
        expectedPublicApiKey: publicApiKey,
        tokens: { accessToken: new Secret(apiKey), expiresInMs: null, refreshExpiresInMs: null },
        sentAt: this.#deps.clock.monotonicMs(),
      })
      this.#emit('connection.completed', key, { connectionId: connection.id })
      return connection
    } catch (error) {
      const refused = this.#refusalOf(client, error)
      this.#emit('connection.refused', key, { reason: errorCodeOf(refused) })
      throw refused
    }
  }

  /** A revocation that has not begun by `endsAt`, in monotonic time, stays in the queue. */
  async #tell(revokes: readonly Revoke[], endsAt: number): Promise<void> {
    const { clock } = this.#deps
    const left = [...revokes]
    const work = async (): Promise<void> => {
      while (clock.monotonicMs() < endsAt) {
        const revoke = left.shift()
        if (revoke === undefined) return
        await revoke()
      }
    }
    const all = Promise.all(Array.from({ length: REVOCATIONS_AT_ONCE }, work))
    await Promise.race([all, clock.backgroundDelay(endsAt - clock.monotonicMs())])
  }

  /** A platform that is no longer configured does not stop a tenant from leaving: the grant waits in the queue. */
  async #leave(connection: Connection): Promise<Revoke> {
    if (!this.#deps.providers.names().includes(connection.provider)) {
      await this.#deps.tokens.disconnect(connection, { queueForRevocation: true })
      return async () => 'queued'
    }
    try {
      return await this.#retire(connection)
    } catch (error) {
      if (!(error instanceof NotConnectedError)) throw error
      return async () => 'local_only'
    }
  }

  /** Ends the connection here, and returns the call that tells the provider. */
  async #retire(key: ConnectionKey): Promise<Revoke> {
    const client = this.#deps.providers.get(key.provider)
    const retired = await this.#deps.tokens.disconnect(key, {
      queueForRevocation: client.traits.revocation !== 'none',
    })
    if (retired === undefined) throw new NotConnectedError(client.traits.displayName)
    const { connectionId, revocation } = retired
    this.#emit('connection.disconnected', key, { connectionId })
    return revocation === undefined
      ? async () => 'local_only'
      : () => this.#deps.revocations.attemptBriefly(client, key.tenantId, revocation)
  }

  async #change(
    key: ConnectionKey,
    patchOf: (connection: Connection) => ConnectionPatch,
  ): Promise<Connection> {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const connection = await this.#deps.grants.find(key)
      if (connection === undefined || !isUsable(connection)) {
        throw new NotConnectedError(this.#deps.providers.get(key.provider).traits.displayName)
      }
      if (await this.#deps.tokens.change(connection, patchOf(connection))) {
        const changed = await this.#deps.grants.find(key)
        if (changed !== undefined) return changed
      }
    }
    throw new StaleConnectionError()
  }

  #refusalOf(client: ProviderClient, error: unknown): unknown {
    return error instanceof ProviderFailure && error.kind === 'reauthorize'
      ? new ApiKeyInvalidError(client.traits.displayName, 'was not accepted')
      : this.#public(client, error)
  }

  #public(client: ProviderClient, error: unknown): unknown {
    return toPublicError(error, client.traits.displayName, this.#deps.clock.now())
  }

  #emit(type: ConnectionEventType, key: ConnectionKey, facts: EventFacts): void {
    const { clock, events } = this.#deps
    events.emit(connectionEvent(type, clock.now(), key, facts))
  }
}

function isAboutScopes(error: unknown): boolean {
  return (
    error instanceof ScopeMissingError || (error instanceof ProviderFailure && error.kind === 'permission')
  )
}

function isUsable(connection: Connection): boolean {
  return isLive(connection.status) || connection.status === 'needs_reauth'
}
