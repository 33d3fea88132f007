import { ConfigInvalidError } from '../../../domain/errors.ts'
import type { Secret } from '../../../domain/model/secret.ts'
import { DAY_MS, MINUTE_MS } from '../../../domain/model/time.ts'
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
import type { ProviderHttp } from '../http/provider-http.ts'
import { toTokenSet } from '../oauth2/token-answer.ts'
import { discoverAccounts } from './accounts.ts'
import { BusinessApi } from './business-api.ts'

export interface TikTokEndpoints {
  /** The portal page, or the whole advertiser authorization URL that the portal shows for the app. */
  readonly authorization: string
  /** The Business API with its version. */
  readonly api: string
}

/** Our app at TikTok, and how it is reached. */
export interface TikTokClientOptions {
  readonly appId: string
  readonly appSecret: string
  readonly redirectUri: string
  /** A budget for all processes together; absent: none. */
  readonly requestsPerSecond?: number | undefined
  readonly http: ProviderHttp
  /** In place of TikTok's own. */
  readonly endpoints?: TikTokEndpoints | undefined
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
  /** Wall clock, against which an HTTP date in Retry-After is read. */
  readonly now?: (() => Instant) | undefined
}

const ENDPOINTS: TikTokEndpoints = {
  authorization: 'https://business-api.tiktok.com/portal/auth',
  api: 'https://business-api.tiktok.com/open_api/v1.3',
}

/** @throws ConfigInvalidError naming every problem */
export function tiktokClient(options: TikTokClientOptions): OAuthProviderClient {
  const { appId, appSecret, redirectUri, http, allowLoopbackHttp } = options
  const { requestsPerSecond, endpoints = ENDPOINTS, now = Date.now } = options
  const problems = appProblems({
    credentials: { appId, appSecret },
    redirectUri,
    endpoints: { ...endpoints },
    allowLoopbackHttp,
  })
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  const api = new BusinessApi({ appId, appSecret, base: baseOf(endpoints.api), http, now })
  return new TikTokClient({ appId, redirectUri, requestsPerSecond, portal: endpoints.authorization, api })
}

const TRAITS: ProviderTraits = {
  provider: 'tiktok',
  displayName: 'TikTok Ads',
  issuer: 'https://business-api.tiktok.com',
  rotation: { kind: 'none' },
  // An advertiser's token has no timer and no refresh token: it lives until the advertiser takes it back.
  renewal: 'none',
  marginMs: 5 * MINUTE_MS,
  windowMs: 20 * MINUTE_MS,
  renewAtMostEveryMs: 0,
  verifyEveryMs: DAY_MS,
  revocation: 'token',
  hasAccounts: true,
}

/** The token is already expired or revoked. */
const DEAD = ['40102', '40105']

/** TikTok Ads, whose Marketing API follows no standard: JSON, a code in every answer, tokens without an end. */
class TikTokClient implements OAuthProviderClient {
  readonly traits = TRAITS
  readonly authorization: AuthorizationTraits
  readonly #portal: string
  readonly #api: BusinessApi

  constructor(
    parts: Pick<TikTokClientOptions, 'appId' | 'redirectUri' | 'requestsPerSecond'> & {
      readonly portal: string
      readonly api: BusinessApi
    },
  ) {
    this.#portal = parts.portal
    this.#api = parts.api
    this.authorization = {
      clientId: parts.appId,
      requestsPerSecond: parts.requestsPerSecond,
      redirectUri: parts.redirectUri,
      // What an app may do is ticked once in TikTok's portal, not asked for in the request.
      scopes: [],
      pkce: {
        method: 'none',
        because: 'the Marketing API has no code_challenge; its code is bound by the app secret',
      },
      codeParameters: ['auth_code', 'code'],
    }
  }

  authorizationUrl(request: AuthorizationRequest): string {
    const url = new URL(this.#portal)
    const query = new URLSearchParams(url.search)
    query.set('app_id', this.authorization.clientId)
    query.set('state', request.state)
    query.set('redirect_uri', this.authorization.redirectUri)
    url.search = query.toString()
    return url.href
  }

  /** If TikTok ever names an expiry or sends a refresh token, they are kept. */
  async exchangeCode(grant: CodeGrant): Promise<TokenSet> {
    const tokens = toTokenSet(await this.#api.exchangeCode(grant.code))
    if (tokens === undefined) throw responseInvalid()
    return tokens
  }

  async refresh(): Promise<TokenSet> {
    throw new ProviderFailure({ kind: 'reauthorize', delivery: 'not_sent', providerCode: 'no_refresh_token' })
  }

  async examine(accessToken: Secret, issuedScopes?: readonly string[]): Promise<Examination> {
    const accounts = await discoverAccounts(this.#api.forExamination(), accessToken)
    const granted = issuedScopes === undefined ? {} : { grantedScopes: issuedScopes }
    return { accounts, missingScopes: [], ...granted }
  }

  async verify(accessToken: Secret): Promise<void> {
    await this.#api.authorisedAdvertisers(accessToken)
  }

  async revoke(credential: { readonly accessToken?: Secret | undefined }): Promise<void> {
    if (credential.accessToken === undefined) return
    try {
      await this.#api.revoke(credential.accessToken)
    } catch (error) {
      const isDead = error instanceof ProviderFailure && DEAD.includes(error.providerCode)
      if (!isDead) throw error
    }
  }
}
