import { z } from 'zod'
import { ConfigInvalidError } from '../../../domain/errors.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { DAY_MS } from '../../../domain/model/time.ts'
import type { Instant } from '../../../domain/model/time.ts'
import type { TokenSet } from '../../../domain/model/token-set.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import type {
  AuthorizationRequest,
  AuthorizationTraits,
  CodeGrant,
  Examination,
  OAuthProviderClient,
  ProviderTraits,
} from '../../../ports/provider-client.ts'
import { appProblems } from '../http/app-problems.ts'
import { baseOf } from '../http/endpoint.ts'
import { withSubject } from '../http/failures.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { adAccounts, askHolder, permissionsOf } from './discovery.ts'
import { GraphApi } from './graph-api.ts'
import { toTokenSet } from './token-answer.ts'
import { inspectToken } from './token-inspection.ts'

/** Both with Graph's version in them. */
export interface MetaEndpoints {
  readonly authorization: string
  readonly graph: string
}

/** Our app at Meta, and how it is reached. */
export interface MetaClientOptions {
  readonly appId: string
  readonly appSecret: string
  readonly redirectUri: string
  readonly scopes?: readonly string[] | undefined
  /** A budget for all processes together; absent: none. */
  readonly requestsPerSecond?: number | undefined
  readonly http: ProviderHttp
  /** In place of Meta's own. */
  readonly endpoints?: MetaEndpoints | undefined
  /** Facebook Login for Business: the configuration determines the scopes. */
  readonly configId?: string | undefined
  /** What that configuration issues: tokens of people (the default) or of a system user of their business. */
  readonly configTokens?: MetaConfigTokens | undefined
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
  /** Wall clock, against which an HTTP date in Retry-After is read. */
  readonly now?: (() => Instant) | undefined
}

/** Whether a system user's token ends after 60 days or never is chosen in the configuration. */
export type MetaConfigTokens = 'user' | 'system_user' | 'system_user_60_days'

const SCOPES = ['ads_read', 'ads_management', 'business_management'] as const
const ENDPOINTS: MetaEndpoints = {
  authorization: 'https://www.facebook.com/v26.0/dialog/oauth',
  graph: 'https://graph.facebook.com/v26.0',
}

/** @throws ConfigInvalidError naming every problem */
export function metaClient(options: MetaClientOptions): OAuthProviderClient {
  const { appId, appSecret, redirectUri, http, allowLoopbackHttp } = options
  const { configId, configTokens, endpoints = ENDPOINTS, now = Date.now } = options
  const problems = [
    ...appProblems({
      credentials: { appId, appSecret },
      redirectUri,
      endpoints: { ...endpoints },
      allowLoopbackHttp,
    }),
    ...(configTokens !== undefined && configId === undefined
      ? ['configTokens: says what a configuration issues, and configId is missing']
      : []),
  ]
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return new MetaClient({
    appId,
    redirectUri,
    requestsPerSecond: options.requestsPerSecond,
    scopes: options.scopes ?? SCOPES,
    configId,
    configTokens: configTokens ?? 'user',
    dialog: endpoints.authorization,
    graph: new GraphApi({ http, base: baseOf(endpoints.graph), appId, appSecret, now }),
  })
}

interface MetaClientParts extends Pick<
  MetaClientOptions,
  'appId' | 'redirectUri' | 'requestsPerSecond' | 'configId'
> {
  readonly scopes: readonly string[]
  readonly configTokens: MetaConfigTokens
  readonly dialog: string
  readonly graph: GraphApi
}

/**
 * Meta Ads over Graph. There are no refresh tokens: a person's token lives about 60 days and is exchanged for another
 * while it lives, at most daily; a system user's may never end.
 */
class MetaClient implements OAuthProviderClient {
  readonly traits: ProviderTraits = {
    provider: 'meta',
    displayName: 'Meta Ads',
    issuer: 'https://www.facebook.com',
    rotation: { kind: 'none' },
    renewal: 'self_exchange',
    // A token that has ended cannot be exchanged any more, so whoever reads one in its last week renews it.
    marginMs: 7 * DAY_MS,
    windowMs: 7 * DAY_MS,
    renewAtMostEveryMs: DAY_MS,
    verifyEveryMs: DAY_MS,
    revocation: 'subject',
    hasAccounts: true,
  }
  readonly authorization: AuthorizationTraits
  readonly #graph: GraphApi
  readonly #dialog: string
  readonly #configId: string | undefined
  readonly #configTokens: MetaConfigTokens

  constructor(parts: MetaClientParts) {
    this.#dialog = parts.dialog
    this.#configId = parts.configId
    this.#configTokens = parts.configTokens
    this.#graph = parts.graph
    this.authorization = {
      clientId: parts.appId,
      requestsPerSecond: parts.requestsPerSecond,
      redirectUri: parts.redirectUri,
      scopes: parts.scopes,
      pkce: {
        method: 'none',
        because:
          'Meta has code challenges only in its OpenID Connect flow, which it calls experimental; the app secret binds the code',
      },
      codeParameters: ['code'],
    }
  }

  authorizationUrl({ state }: AuthorizationRequest): string {
    const { clientId, redirectUri, scopes } = this.authorization
    const url = new URL(this.#dialog)
    url.searchParams.set('client_id', clientId)
    url.searchParams.set('redirect_uri', redirectUri)
    url.searchParams.set('state', state)
    url.searchParams.set('response_type', 'code')
    if (this.#configId === undefined) url.searchParams.set('scope', scopes.join(','))
    else url.searchParams.set('config_id', this.#configId)
    // For system users only: with a configuration for people's tokens it may make the dialog fail.
    if (this.#configTokens !== 'user') url.searchParams.set('override_default_response_type', 'true')
    // Without it the dialog does not ask again for what the person declined before. A first consent is unaffected.
    url.searchParams.set('auth_type', 'rerequest')
    return url.href
  }

  /** The code brings a token of an hour or two, which is exchanged for the long-lived one at once. */
  async exchangeCode(grant: CodeGrant): Promise<TokenSet> {
    const parameters = { redirect_uri: grant.redirectUri, code: grant.code.reveal() }
    const first = toTokenSet(await this.#graph.token(parameters, 'authorization_code'))
    // A system user's token lives long from the start, or without an end.
    if (first.expiresInMs === null || this.#configTokens !== 'user') return first
    try {
      return await this.#exchangeToken(first.accessToken)
    } catch (error) {
      // The code is spent. The first token will do until the job exchanges it; dropped, it could never be revoked.
      if (error instanceof ProviderFailure) return first
      throw error
    }
  }

  async refresh({ accessToken }: { readonly accessToken?: Secret | undefined }): Promise<TokenSet> {
    if (accessToken === undefined) {
      const providerCode = 'no_access_token'
      throw new ProviderFailure({ kind: 'reauthorize', delivery: 'not_sent', providerCode })
    }
    const tokens = await this.#exchangeToken(accessToken)
    return tokens.expiresInMs === null ? this.#withEnd(tokens) : tokens
  }

  async examine(accessToken: Secret): Promise<Examination> {
    const graph = this.#graph.forExamination()
    const [inspection, holder, { withheld }] = await Promise.all([
      inspectToken(graph, this.authorization.clientId, accessToken),
      askHolder(graph, accessToken),
      permissionsOf(graph, accessToken),
    ])
    const { kind, scopes = [], ...ends } = inspection
    const grantedScopes = scopes.filter((scope) => !withheld.includes(scope))
    const missingScopes = this.#missing(grantedScopes)
    const subject = { issuer: this.traits.issuer, ...holder }
    return {
      ...ends,
      subject,
      grantedScopes,
      missingScopes,
      // Without the permission the question itself is refused.
      accounts: missingScopes.length > 0 ? [] : await withSubject(subject, adAccounts(graph, accessToken)),
      ...(kind === undefined ? {} : { tokenKind: kind }),
    }
  }

  /**
   * People may take single permissions back in their settings, which leaves the token alive. It is believed only when both
   * say so: what the platform tells the app about the token, and the person's own list.
   */
  async verify(accessToken: Secret): Promise<void> {
    const { scopes } = await inspectToken(this.#graph, this.authorization.clientId, accessToken)
    if (scopes === undefined || this.#missing(scopes).length === 0) return
    const { granted } = await permissionsOf(this.#graph, accessToken)
    const missingScopes = this.#missing(granted).flatMap(eitherPermission)
    if (missingScopes.length === 0) return
    const providerCode = 'permission_withdrawn'
    throw new ProviderFailure({ kind: 'permission', delivery: 'answered', providerCode, missingScopes })
  }

  /** Ends every grant of the person to this app: Graph knows no revocation of a single token. */
  async revoke({ accessToken }: { readonly accessToken?: Secret | undefined }): Promise<void> {
    if (accessToken === undefined) return
    try {
      const body = await this.#graph.asHolder('DELETE', 'me/permissions', { accessToken })
      if (!z.union([z.literal(true), z.object({ success: z.literal(true) })]).safeParse(body).success) {
        throw responseInvalid()
      }
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.kind !== 'reauthorize') throw error
    }
  }

  /** An answer may leave out when its token ends. Without that the token would never be exchanged again. */
  async #withEnd(tokens: TokenSet): Promise<TokenSet> {
    try {
      const { clientId } = this.authorization
      const { expiresInMs = null } = await inspectToken(this.#graph, clientId, tokens.accessToken)
      return { ...tokens, expiresInMs }
    } catch (error) {
      // The token has been issued, and a failed question about it must not lose it.
      if (error instanceof ProviderFailure) return tokens
      throw error
    }
  }

  async #exchangeToken(accessToken: Secret): Promise<TokenSet> {
    const parameters = {
      grant_type: 'fb_exchange_token',
      fb_exchange_token: accessToken.reveal(),
      ...(this.#configTokens === 'system_user_60_days' ? { set_token_expires_in_60_days: 'true' } : {}),
    }
    return toTokenSet(await this.#graph.token(parameters, 'access_token'))
  }

  /** Ads permissions that were asked for and not given; managing includes reading. */
  #missing(granted: readonly string[]): readonly string[] {
    const { scopes } = this.authorization
    const isGranted = (scope: string): boolean =>
      granted.includes(scope) || (scope === 'ads_read' && granted.includes('ads_management'))
    const asked = this.#configId === undefined ? scopes : ['ads_read']
    return asked.filter((scope) => scope.startsWith('ads_') && !isGranted(scope))
  }
}

/** Either of the two lets the app read, so when reading is lost, either may have been taken back. */
function eitherPermission(scope: string): readonly string[] {
  return scope === 'ads_read' ? ['ads_read', 'ads_management'] : [scope]
}
