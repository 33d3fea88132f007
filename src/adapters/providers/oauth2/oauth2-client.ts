import { ConfigInvalidError } from '../../../domain/errors.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import type { Instant } from '../../../domain/model/time.ts'
import type { TokenSet } from '../../../domain/model/token-set.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type {
  AuthorizationRequest,
  AuthorizationTraits,
  CodeGrant,
  Examination,
  OAuthProviderClient,
  ProviderTraits,
} from '../../../ports/provider-client.ts'
import { appProblems } from '../http/app-problems.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { authorizationUrl } from './authorization-url.ts'
import { readDefinition } from './definition.ts'
import type { ParsedDefinition } from './definition.ts'
import { askIdentity } from './identity.ts'
import { TokenEndpoint } from './token-endpoint.ts'

/** Our app at a platform, the platform’s definition, and how it is reached. */
export interface OAuth2ClientOptions {
  /** An `OAuth2Definition`; it is checked here. */
  readonly definition: unknown
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined
  readonly redirectUri: string
  /** In place of the definition's. */
  readonly scopes?: readonly string[] | undefined
  /** A budget for all processes together; absent: none. */
  readonly requestsPerSecond?: number | undefined
  readonly http: ProviderHttp
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
  /** Wall clock, against which an HTTP date in Retry-After is read. */
  readonly now?: (() => Instant) | undefined
}

/** A client of any standard OAuth 2.0 platform, from its definition. @throws ConfigInvalidError naming every problem */
export function oauth2Client(options: OAuth2ClientOptions): OAuth2Client {
  const { clientId, clientSecret, redirectUri, allowLoopbackHttp, now = Date.now } = options
  const problems = appProblems({ credentials: { clientId, clientSecret }, redirectUri })
  const read = readDefinition(options.definition, { allowLoopbackHttp })
  if ('problems' in read) throw new ConfigInvalidError([...problems, ...read.problems])
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return new OAuth2Client({ ...options, definition: read.definition, now })
}

/** What `oauth2Client` has checked. */
interface CheckedOptions extends OAuth2ClientOptions {
  readonly definition: ParsedDefinition
  readonly now: () => Instant
}

export class OAuth2Client implements OAuthProviderClient {
  readonly traits: ProviderTraits
  readonly authorization: AuthorizationTraits
  readonly #options: CheckedOptions
  readonly #tokens: TokenEndpoint

  constructor(options: CheckedOptions) {
    const { definition, clientId, clientSecret, http, now } = options
    this.#options = options
    this.#tokens = new TokenEndpoint({ definition, clientId, clientSecret, http, now })
    this.traits = providerTraits(definition)
    this.authorization = authorizationTraits(options)
  }

  authorizationUrl(request: AuthorizationRequest): string {
    return authorizationUrl(this.#options.definition, this.authorization, request)
  }

  async exchangeCode(grant: CodeGrant): Promise<TokenSet> {
    return this.#tokens.exchange(grant)
  }

  async refresh(tokens: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<TokenSet> {
    if (tokens.refreshToken !== undefined) return this.#tokens.refresh(tokens.refreshToken)
    // The platform gave none: only a person can bring a new token.
    throw new ProviderFailure({ kind: 'reauthorize', delivery: 'not_sent', providerCode: 'no_refresh_token' })
  }

  async examine(accessToken: Secret, issuedScopes?: readonly string[]): Promise<Examination> {
    const { subject, accounts } = await this.#ask(accessToken)
    return {
      accounts,
      missingScopes: this.missingScopes(issuedScopes),
      ...(subject === undefined ? {} : { subject }),
      ...(issuedScopes === undefined ? {} : { grantedScopes: issuedScopes }),
    }
  }

  /** Where the definition names nothing to ask, this resolves: the next refresh tells. */
  async verify(accessToken: Secret): Promise<void> {
    await this.#ask(accessToken)
  }

  async revoke(credential: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<void> {
    if (this.#options.definition.revocation === undefined) return
    const { accessToken, refreshToken } = credential
    if (refreshToken !== undefined) await this.#tokens.revoke(refreshToken, 'refresh_token')
    else if (accessToken !== undefined) await this.#tokens.revoke(accessToken, 'access_token')
  }

  /** An answer that names no scopes granted what was asked for (RFC 6749 §5.1). */
  missingScopes(granted: readonly string[] | undefined): readonly string[] {
    if (granted === undefined) return []
    const { scopes } = this.authorization
    const required = this.#options.definition.authorization.requiredScopes ?? scopes.filter(isUsuallyNamed)
    return required.filter((scope) => scopes.includes(scope) && !granted.includes(scope))
  }

  #ask(accessToken: Secret): ReturnType<typeof askIdentity> {
    const { http, definition, now } = this.#options
    return askIdentity({ http, now, definition, accessToken })
  }
}

/** Servers leave these out of the answer, although they were granted. */
function isUsuallyNamed(scope: string): boolean {
  return !['openid', 'profile', 'email', 'offline_access'].includes(scope)
}

function providerTraits(definition: ParsedDefinition): ProviderTraits {
  const { provider, displayName, issuer, rotation, renewal, revocation, identity } = definition
  const { marginMs, windowMs, renewAtMostEveryMs, verifyEveryMs } = definition
  return {
    provider,
    displayName,
    issuer,
    rotation,
    renewal,
    marginMs,
    windowMs,
    renewAtMostEveryMs,
    verifyEveryMs,
    revocation: revocation?.ends ?? 'none',
    hasAccounts: identity?.accounts !== undefined,
  }
}

function authorizationTraits(options: CheckedOptions): AuthorizationTraits {
  const { clientId, redirectUri, requestsPerSecond, definition } = options
  const { iss, pkce, codeParameters, scopes } = definition.authorization
  return {
    clientId,
    requestsPerSecond,
    redirectUri,
    scopes: options.scopes ?? scopes,
    pkce,
    codeParameters,
    ...(iss === undefined ? {} : { iss }),
  }
}
