import type { Cipher } from '../../ports/cipher.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Examination, ProviderClient } from '../../ports/provider-client.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { NewGrant, Replacement, SaveOutcome, TokenStore } from '../../ports/token-store.ts'
import {
  ApiKeyInvalidError,
  NoAdAccountsError,
  ScopeMissingError,
  StaleConnectionError,
  StoreUnavailableError,
} from '../errors.ts'
import { MAX_ACCOUNTS } from '../model/ad-account.ts'
import { uuidFrom } from '../model/bytes.ts'
import type { Connection } from '../model/connection.ts'
import type { ConnectionKey } from '../model/identifiers.ts'
import { renewableForMs } from '../model/grant-end.ts'
import { leftOf } from '../model/token-set.ts'
import type { TokenSet } from '../model/token-set.ts'
import { ProviderFailure } from '../provider-failure.ts'
import { firstDue } from './first-due.ts'
import { chooseAccount, detailsOf, refuseAccountChange } from './kept-choices.ts'
import type { RevocationService } from './revocation-service.ts'
import { connectionContext, sealTokens } from './sealing.ts'

export interface GrantServiceDependencies {
  readonly tokens: TokenStore
  readonly cipher: Cipher
  readonly revocations: RevocationService
  readonly random: RandomSource
  readonly clock: Clock
}

export interface ReceivedGrant {
  readonly key: ConnectionKey
  readonly clientId: string
  readonly requestedScopes: readonly string[]
  readonly allowAccountChange: boolean
  /** Klaviyo: the public key that the account must have. */
  readonly expectedPublicApiKey?: string | undefined
  readonly tokens: TokenSet
  /** Monotonic time at which the credential was requested: lifetimes count from there. */
  readonly sentAt: number
}

/** The choice of key depends on tenant and provider alone, so the ids need not exist yet. */
const NOT_YET = { connectionId: '', grantId: '' } as const

/** The waits before each look for a consent that may have been stored although its acknowledgement was lost. */
const RECHECK_DELAYS_MS = [100, 400, 1_500]

/** How often a new consent is sealed and offered again when the connection has changed in between. */
const MAX_SAVES = 5

/** Turns a credential that a provider has just issued into a stored connection: examine, compare, seal, store. */
export class GrantService {
  readonly #deps: GrantServiceDependencies

  constructor(dependencies: GrantServiceDependencies) {
    this.#deps = dependencies
  }

  async find(key: ConnectionKey): Promise<Connection | undefined> {
    const { provider, label } = key
    const [connection] = await this.#deps.tokens.list(key.tenantId, { provider, label })
    return connection
  }

  /**
   * Makes sure that there is a key to seal the connection's secrets under; called before a provider is asked for them.
   * @throws CipherUnavailableError
   */
  async prepare(key: ConnectionKey): Promise<void> {
    await this.#deps.cipher.prepare(connectionContext({ ...key, ...NOT_YET }, 1, 'access_token'))
  }

  /**
   * All or nothing: if anything fails after the credential was issued, nothing is stored and the orphan grant is revoked,
   * unless another live connection depends on it. If the store cannot say whether it stored, nothing is revoked: that
   * could just as well end a working connection.
   * @throws ScopeMissingError, NoAdAccountsError, AccountChangedError, StoreUnavailableError, CipherUnavailableError,
   * StaleConnectionError, and ProviderFailure of the examination
   */
  async connect(client: ProviderClient, received: ReceivedGrant): Promise<Connection> {
    let examination: Examination | undefined
    try {
      const { accessToken, grantedScopes } = received.tokens
      examination = await client.examine(accessToken, grantedScopes)
      this.#judge(client, received, examination)
      await this.#save(client, received, examination)
    } catch (error) {
      if (isUncertain(error)) throw error
      await this.#deps.revocations.revokeOrphan(client, {
        key: received.key,
        clientId: received.clientId,
        tokens: received.tokens,
        subject: examination?.subject ?? (error instanceof ProviderFailure ? error.subject : undefined),
      })
      throw error
    }
    // It is stored, so it is no orphan from here on, even if it cannot be read back.
    const stored = await this.find(received.key)
    if (stored === undefined) throw new StaleConnectionError()
    return stored
  }

  #judge(client: ProviderClient, received: ReceivedGrant, examination: Examination): void {
    const { displayName, hasAccounts } = client.traits
    const { expectedPublicApiKey } = received
    if (expectedPublicApiKey !== undefined && expectedPublicApiKey !== examination.publicApiKey) {
      throw new ApiKeyInvalidError(displayName, 'belongs to another account than the public key')
    }
    if (examination.missingScopes.length > 0)
      throw new ScopeMissingError(displayName, examination.missingScopes)
    if (hasAccounts && !examination.accounts.some((account) => account.isUsable))
      throw new NoAdAccountsError(displayName)
  }

  async #save(client: ProviderClient, received: ReceivedGrant, examination: Examination): Promise<void> {
    for (let turn = 0; turn < MAX_SAVES; turn += 1) {
      const existing = await this.find(received.key)
      if (!received.allowAccountChange) refuseAccountChange(client, existing, examination)
      const grant = await this.#newGrant(client, received, examination, existing)
      // A platform whose revocation ends all of a person's grants would end the new one too.
      const queueForRevocation = client.traits.revocation === 'token'
      const outcome = await this.#offer(grant, existing && { expected: existing, queueForRevocation })
      if (!outcome.saved) continue
      if (outcome.revocation !== undefined) {
        await this.#deps.revocations.attemptBriefly(client, received.key.tenantId, outcome.revocation)
      }
      return
    }
    throw new StaleConnectionError()
  }

  /** A consent whose acknowledgement was lost is found under the id of its grant. */
  async #offer(grant: NewGrant, replacement: Replacement | undefined): Promise<SaveOutcome> {
    try {
      return await this.#deps.tokens.save(grant, replacement)
    } catch (error) {
      if (!isUncertain(error)) throw error
      const found = await this.#lookFor(grant)
      if (found === 'stored') return { saved: true }
      throw found === 'missing' ? new StoreUnavailableError('The database') : error
    }
  }

  async #lookFor(grant: NewGrant): Promise<'stored' | 'missing' | 'unknown'> {
    let answer: 'missing' | 'unknown' = 'unknown'
    for (const waitMs of RECHECK_DELAYS_MS) {
      await this.#deps.clock.delay(waitMs)
      try {
        if ((await this.find(grant))?.grantId === grant.grantId) return 'stored'
        answer = 'missing'
      } catch {
        answer = 'unknown'
      }
    }
    return answer
  }

  async #newGrant(
    client: ProviderClient,
    received: ReceivedGrant,
    examination: Examination,
    existing: Connection | undefined,
  ): Promise<NewGrant> {
    const { key, tokens, allowAccountChange } = received
    const connectionId = existing?.id ?? this.#uuid()
    const grantId = this.#uuid()
    const sealed = await sealTokens(this.#deps.cipher, tokens, (field) =>
      connectionContext({ ...key, connectionId, grantId }, 1, field),
    )
    const elapsedMs = this.#deps.clock.monotonicMs() - received.sentAt
    const { expiresInMs: namedMs = tokens.expiresInMs } = examination
    const expiresInMs = leftOf(namedMs, elapsedMs)
    const accounts = examination.accounts.slice(0, MAX_ACCOUNTS)
    const selected = chooseAccount(client, accounts, { existing, allowAccountChange })
    return {
      ...key,
      connectionId,
      grantId,
      clientId: received.clientId,
      tokens: sealed,
      expiresInMs,
      refreshExpiresInMs: renewableForMs(client.traits.renewal, {
        ...tokens,
        expiresInMs,
        refreshExpiresInMs: leftOf(tokens.refreshExpiresInMs, elapsedMs),
      }),
      dataAccessExpiresInMs: examination.dataAccessExpiresInMs ?? null,
      dueInMs: firstDue(client, expiresInMs, this.#deps.random.fraction()),
      status: client.traits.hasAccounts && selected === undefined ? 'pending_account_selection' : 'active',
      subject: examination.subject,
      scopes: examination.grantedScopes ?? tokens.grantedScopes ?? received.requestedScopes,
      accounts,
      selectedAccountId: selected?.id,
      selectedAccountName: selected?.name,
      details: detailsOf(examination, existing),
    }
  }

  #uuid(): string {
    return uuidFrom(this.#deps.random.bytes(16))
  }
}

function isUncertain(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.isUncertain
}
