import {
  allowInsecureRequests,
  customFetch,
  genericTokenEndpointRequest,
  None,
  revocationRequest,
} from 'oauth4webapi'
import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import { refreshTimings } from '../../../domain/model/rotation.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import type { TokenSet } from '../../../domain/model/token-set.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import type { CodeGrant } from '../../../ports/provider-client.ts'
import { parseJson } from '../http/json-answer.ts'
import type { HttpAnswer, ProviderHttp } from '../http/provider-http.ts'
import { clientAuthentication } from './client-authentication.ts'
import type { ParsedDefinition } from './definition.ts'
import { fetchAside } from './fetch-over.ts'
import type { FetchOver } from './fetch-over.ts'
import { memberAt, textAt } from './json.ts'
import { toTokenSet } from './token-answer.ts'
import { tokenFailure } from './token-failure.ts'
import type { Grant } from './token-failure.ts'

export interface TokenEndpointOptions {
  readonly definition: ParsedDefinition
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly http: ProviderHttp
  readonly now: () => Instant
}

interface RequestOptions {
  readonly headers: Record<string, string>
  readonly [customFetch]: FetchOver
  readonly [allowInsecureRequests]: true
}

/** RFC 7009 §2.2: a token that is unknown needs no revoking; some platforms answer 400 with these instead of 200. */
const ALREADY_REVOKED = new Set(['invalid_token', 'invalid_grant'])

/** The back channel of a platform: codes and refresh tokens for tokens, and their end. Nothing is sent twice. */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions
  readonly #server: AuthorizationServer
  readonly #client: Client
  readonly #authentication: ClientAuth
  readonly #refreshHttp: ProviderHttp

  constructor(options: TokenEndpointOptions) {
    const { definition, clientId, clientSecret } = options
    const { clientIdParameter } = definition.authorization
    this.#options = options
    this.#refreshHttp = withinLease(options)
    this.#client = { client_id: clientId }
    this.#server = {
      issuer: definition.issuer,
      token_endpoint: definition.endpoints.token,
      ...(definition.revocation === undefined ? {} : { revocation_endpoint: definition.revocation.url }),
    }
    this.#authentication = clientAuthentication({
      clientId,
      clientSecret,
      clientIdParameter,
      method: definition.token.clientAuthentication,
    })
  }

  async exchange(grant: CodeGrant): Promise<TokenSet> {
    const { code, redirectUri, codeVerifier } = grant
    return this.#request('exchange', 'authorization_code', {
      ...this.#options.definition.token.exchangeParameters,
      code: code.reveal(),
      redirect_uri: redirectUri,
      ...(codeVerifier === undefined ? {} : { code_verifier: codeVerifier.reveal() }),
    })
  }

  async refresh(refreshToken: Secret): Promise<TokenSet> {
    return this.#request('refresh', 'refresh_token', {
      ...this.#options.definition.token.refreshParameters,
      refresh_token: refreshToken.reveal(),
    })
  }

  /** RFC 7009 §2.1. */
  async revoke(token: Secret, hint: 'access_token' | 'refresh_token'): Promise<void> {
    const { definition, now } = this.#options
    const authentication =
      definition.revocation?.isClientAuthenticated === false ? None() : this.#authentication
    const answer = await this.#ask((options) =>
      revocationRequest(this.#server, this.#client, authentication, token.reveal(), {
        ...options,
        additionalParameters: { token_type_hint: hint },
      }),
    )
    if (answer.status >= 200 && answer.status < 300) return
    const code = textAt(parseJson(answer.text)?.value, 'error')
    if (answer.status < 500 && code !== undefined && ALREADY_REVOKED.has(code)) return
    if (code === 'unsupported_token_type') {
      throw new ProviderFailure({ kind: 'misconfigured', delivery: 'answered', providerCode: code })
    }
    throw tokenFailure(definition, 'refresh', answer, now())
  }

  async #request(grant: Grant, grantType: string, parameters: Record<string, string>): Promise<TokenSet> {
    const { definition, now } = this.#options
    const answer = await this.#ask(
      (options) =>
        genericTokenEndpointRequest(
          this.#server,
          this.#client,
          this.#authentication,
          grantType,
          parameters,
          options,
        ),
      grant === 'refresh' ? this.#refreshHttp : this.#options.http,
    )
    if (!isSuccess(definition, answer)) throw tokenFailure(definition, grant, answer, now())
    const tokens = toTokenSet(memberAt(parseJson(answer.text)?.value, definition.token.dataPath))
    if (tokens !== undefined) return tokens
    // Where the definition says what a success is, this is one, and its code is no error's.
    throw definition.token.success === undefined
      ? tokenFailure(definition, grant, answer, now())
      : responseInvalid()
  }

  async #ask(
    request: (options: RequestOptions) => Promise<Response>,
    http = this.#options.http,
  ): Promise<HttpAnswer> {
    const { definition } = this.#options
    let taken: HttpAnswer | undefined
    await settled(
      request({
        headers: { ...definition.token.headers },
        [customFetch]: fetchAside(http, definition.token.bodyFormat, (answer) => {
          taken = answer
        }),
        // Which endpoints may be plain HTTP was decided when the definition was parsed.
        [allowInsecureRequests]: true,
      }),
    )
    if (taken === undefined) throw requestInvalid()
    return taken
  }
}

/** Where a lost answer must be asked for again soon, a request may hold its lease no longer than that allows. */
function withinLease({ http, definition }: TokenEndpointOptions): ProviderHttp {
  const { hardTimeoutMs } = refreshTimings(definition.rotation)
  return { send: (request) => http.send({ ...request, hardTimeoutMs }) }
}

/** RFC 6749 §5.1 says 200 and nothing else. */
function isSuccess({ token }: ParsedDefinition, { status, text }: HttpAnswer): boolean {
  if (status !== 200) return false
  const { success } = token
  return success === undefined || memberAt(parseJson(text)?.value, success.path) === success.equals
}

/** Everything that is not already a ProviderFailure could hold what was sent: it goes no further. */
async function settled(request: Promise<Response>): Promise<Response> {
  try {
    return await request
  } catch (error) {
    if (error instanceof ProviderFailure) throw error
    throw requestInvalid()
  }
}

function requestInvalid(): ProviderFailure {
  return new ProviderFailure({ kind: 'misconfigured', delivery: 'not_sent', providerCode: 'request_invalid' })
}
