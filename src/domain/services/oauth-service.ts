import type { AppPacing } from '../../ports/app-pacing.ts'
import type { ConnectionEvents } from '../../ports/connection-events.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Digest } from '../../ports/digest.ts'
import type { OAuthProviderClient } from '../../ports/provider-client.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import {
  BrowserMismatchError,
  CallbackInvalidError,
  ConfigInvalidError,
  InitiatorMismatchError,
  StateInvalidError,
} from '../errors.ts'
import { parseCallback } from '../model/callback.ts'
import type { AuthorizationResponse, Callback } from '../model/callback.ts'
import type { Connection } from '../model/connection.ts'
import type { ConnectionKey } from '../model/identifiers.ts'
import type { Initiator, PendingAuthorization } from '../model/pending-authorization.ts'
import { codeVerifier, VERIFIER_BYTES } from '../model/pkce.ts'
import { parseReturnUrl } from '../model/return-url.ts'
import type { Secret } from '../model/secret.ts'
import { connectionEvent } from './connection-event.ts'
import type { GrantService } from './grant-service.ts'
import { toPublicError } from './public-errors.ts'
import type { StateService } from './state-service.ts'
import { sendUnlessSuspended } from './suspension.ts'

export interface OAuthServiceDependencies {
  readonly states: StateService
  readonly grants: GrantService
  readonly pacing: AppPacing
  readonly digest: Digest
  readonly random: RandomSource
  readonly clock: Clock
  readonly events: ConnectionEvents
  /** Origins that an absolute returnUrl may have. */
  readonly allowedReturnOrigins: readonly string[]
  /** Refuse to start without an initiator. */
  readonly requireInitiator: boolean
}

export interface StartRequest {
  readonly key: ConnectionKey
  readonly returnUrl: string
  readonly initiator?: Initiator | undefined
  /** A secret of 16 or more characters that only the starting browser holds, as a cookie; the web handler always gives one. */
  readonly browser?: string | undefined
  /** Allow the new consent to come from another person, or to reach other accounts, than the connection it replaces. */
  readonly allowAccountChange?: boolean | undefined
}

export interface CompleteRequest {
  readonly callback: Callback
  readonly initiator?: Initiator | undefined
  readonly browser?: string | undefined
}

export interface Completion {
  readonly connection: Connection
  readonly returnUrl: string
}

/** The authorization code grant, from the authorization request to a stored connection (RFC 6749 §4.1, RFC 9700). */
export class OAuthService {
  readonly #deps: OAuthServiceDependencies

  constructor(dependencies: OAuthServiceDependencies) {
    this.#deps = dependencies
  }

  /**
   * @throws ReturnUrlRefusedError, LimitExceededError, StoreUnavailableError, CipherUnavailableError, and
   * ConfigInvalidError when an initiator is required and none was given, or what was given binds to nobody
   */
  async start(
    client: OAuthProviderClient,
    request: StartRequest,
  ): Promise<{ authUrl: string; state: string }> {
    const { clock, digest, events, random, states } = this.#deps
    refuse([...initiatorProblems(request.initiator), ...browserProblems(request.browser)])
    const returnUrl = parseReturnUrl(request.returnUrl, this.#deps.allowedReturnOrigins)
    const initiatorHash = this.#hashInitiator(request.key, request.initiator)
    if (initiatorHash === undefined && this.#deps.requireInitiator) {
      throw new ConfigInvalidError(['initiator: required, because requireInitiator is set'])
    }
    const { clientId, redirectUri, scopes, pkce } = client.authorization
    const verifier = pkce.method === 'S256' ? codeVerifier(random.bytes(VERIFIER_BYTES)) : undefined
    const { tenantId, provider, label } = request.key
    const pending: PendingAuthorization = {
      ...{ tenantId, provider, label, returnUrl, redirectUri, clientId, scopes },
      allowAccountChange: request.allowAccountChange === true,
      startedAt: clock.now(),
      ...(verifier === undefined ? {} : { codeVerifier: verifier }),
      ...(initiatorHash === undefined ? {} : { initiatorHash }),
      ...(request.browser === undefined ? {} : { browserHash: this.#hashBrowser(request.browser) }),
    }
    const state = await states.issue(pending)
    const authUrl = client.authorizationUrl({
      state,
      // S256, the only method there is (RFC 7636 §4.2; RFC 9700 §2.1.1).
      ...(verifier === undefined ? {} : { codeChallenge: digest.sha256(verifier.reveal()) }),
    })
    events.emit(connectionEvent('connection.started', clock.now(), request.key, { actor: initiatorHash }))
    return { authUrl, state }
  }

  /**
   * The state is consumed whatever the outcome, and nothing reaches the provider before every check has passed and the key
   * for sealing its answer is available. Only a mistake of the host, which is found first, leaves the state unused.
   * @throws ConfigInvalidError, CallbackInvalidError, InitiatorMismatchError, BrowserMismatchError,
   * AuthorizationDeniedError, and what `StateService.redeem` and `GrantService.connect` throw
   */
  async complete(client: OAuthProviderClient, request: CompleteRequest): Promise<Completion> {
    refuse(initiatorProblems(request.initiator))
    const { clock, events } = this.#deps
    const response = parseCallback(request.callback, client.authorization.codeParameters)
    const pending = await this.#redeem(client, response.state)
    const actor = pending.initiatorHash
    try {
      this.#check(client, pending, request, response)
      const code = codeOf(response)
      await this.#deps.grants.prepare(pending)
      await this.#deps.states.bar(response.state)
      const connection = await this.#connect(client, pending, code)
      const facts = { connectionId: connection.id, actor }
      events.emit(connectionEvent('connection.completed', clock.now(), pending, facts))
      return { connection, returnUrl: pending.returnUrl }
    } catch (error) {
      const translated = toPublicError(error, client.traits.displayName, clock.now())
      const facts = { actor, reason: reasonOf(translated) }
      events.emit(connectionEvent('connection.refused', clock.now(), pending, facts))
      throw translated
    }
  }

  /** A forged, replayed or expired state is worth an event, although nobody knows whose it was. */
  async #redeem(client: OAuthProviderClient, state: string): Promise<PendingAuthorization> {
    const { clock, events, states } = this.#deps
    const { provider } = client.traits
    try {
      return await states.redeem(state, provider)
    } catch (error) {
      events.emit({ type: 'connection.refused', at: clock.now(), provider, reason: reasonOf(error) })
      throw error
    }
  }

  async #connect(
    client: OAuthProviderClient,
    pending: PendingAuthorization,
    code: Secret,
  ): Promise<Connection> {
    const sentAt = this.#deps.clock.monotonicMs()
    const { redirectUri, codeVerifier: verifier } = pending
    const tokens = await sendUnlessSuspended(this.#deps, client, () =>
      client.exchangeCode({ code, redirectUri, codeVerifier: verifier }),
    )
    return this.#deps.grants.connect(client, {
      key: { tenantId: pending.tenantId, provider: pending.provider, label: pending.label },
      clientId: pending.clientId,
      requestedScopes: pending.scopes,
      allowAccountChange: pending.allowAccountChange,
      tokens,
      sentAt,
    })
  }

  #check(
    client: OAuthProviderClient,
    pending: PendingAuthorization,
    request: CompleteRequest,
    response: AuthorizationResponse,
  ): void {
    const { clientId, iss } = client.authorization
    if (pending.clientId !== clientId) throw new StateInvalidError()
    if (!this.#matches(pending.initiatorHash, this.#hashInitiator(pending, request.initiator))) {
      throw new InitiatorMismatchError()
    }
    // It comes from a cookie, so a wrong one is not the host's mistake; hosts without types pass `null` for none.
    const browserHash = typeof request.browser === 'string' ? this.#hashBrowser(request.browser) : undefined
    if (!this.#matches(pending.browserHash, browserHash)) throw new BrowserMismatchError()
    // RFC 9207 §2.4: compared as text, required only where the server says that it always sends it.
    const isMissing = response.iss === undefined
    if (isMissing ? iss?.isAlwaysSent === true : iss !== undefined && response.iss !== iss.value) {
      throw new CallbackInvalidError('iss does not name the provider that was asked')
    }
  }

  /** Only what was bound at the start is required now; it must be present and equal. */
  #matches(bound: string | undefined, given: string | undefined): boolean {
    if (bound === undefined) return true
    const { digest } = this.#deps
    return given !== undefined && digest.equal(bound, given)
  }

  #hashInitiator(key: { readonly tenantId: string }, initiator: Initiator | undefined): string | undefined {
    if (initiator === undefined) return undefined
    // JSON keeps the three parts apart whatever they contain.
    const text = JSON.stringify(['initiator', key.tenantId, initiator.userId, initiator.sessionId ?? null])
    return this.#deps.digest.sha256(text)
  }

  #hashBrowser(browser: string): string {
    return this.#deps.digest.sha256(`browser:${browser}`)
  }
}

const MIN_BROWSER_LENGTH = 16

/** Hosts without types pass `null` for nobody, and a flow that is bound to that would be open to everybody. */
function initiatorProblems(initiator: Initiator | undefined): readonly string[] {
  const isObject = typeof initiator === 'object' && initiator !== null
  const isUser = isObject && typeof initiator.userId === 'string' && initiator.userId !== ''
  return initiator === undefined || isUser ? [] : ['initiator.userId: must be the id of the signed-in user']
}

function browserProblems(browser: string | undefined): readonly string[] {
  const isSecret = typeof browser === 'string' && browser.length >= MIN_BROWSER_LENGTH
  return browser === undefined || isSecret
    ? []
    : [`browser: must be a random string of at least ${MIN_BROWSER_LENGTH} characters`]
}

/** @throws ConfigInvalidError */
function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigInvalidError(problems)
}

function codeOf({ outcome }: AuthorizationResponse): Secret {
  if (outcome.kind === 'code') return outcome.code
  throw outcome.error
}

function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unexpected'
}
