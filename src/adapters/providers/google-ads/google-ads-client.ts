import { ConfigInvalidError } from '../../../domain/errors.ts'
import type { AdAccount } from '../../../domain/model/ad-account.ts'
import type { ProviderSubject } from '../../../domain/model/connection.ts'
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
import { baseOf } from '../http/endpoint.ts'
import { withSubject } from '../http/failures.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { oauth2Client } from '../oauth2/oauth2-client.ts'
import type { OAuth2Client } from '../oauth2/oauth2-client.ts'
import { discoverAccounts } from './accounts.ts'
import { AdsApi } from './ads-api.ts'
import { NOT_ADS_USER, SCOPE_INSUFFICIENT } from './ads-failure.ts'
import { ADWORDS_SCOPE, googleAdsDefinition } from './definition.ts'
import type { GoogleAdsEndpoints } from './definition.ts'

/** Our app at Google, and how it is reached. */
export interface GoogleAdsClientOptions {
  readonly clientId: string
  readonly clientSecret: string
  readonly developerToken?: string | undefined
  readonly redirectUri: string
  readonly scopes?: readonly string[] | undefined
  /** A budget for all processes together; absent: none. */
  readonly requestsPerSecond?: number | undefined
  readonly http: ProviderHttp
  /** In place of Google's own. */
  readonly endpoints?: GoogleAdsEndpoints | undefined
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
  /** Wall clock, against which an HTTP date in Retry-After is read. */
  readonly now?: (() => Instant) | undefined
}

const ENDPOINTS: GoogleAdsEndpoints = {
  authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
  token: 'https://oauth2.googleapis.com/token',
  revoke: 'https://oauth2.googleapis.com/revoke',
  ads: 'https://googleads.googleapis.com/v25',
  userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
}

/** @throws ConfigInvalidError naming every problem */
export function googleAdsClient(options: GoogleAdsClientOptions): OAuthProviderClient {
  const { clientId, clientSecret, redirectUri, http, allowLoopbackHttp } = options
  const { developerToken, endpoints = ENDPOINTS, now = Date.now } = options
  const problems = appProblems({
    credentials: { clientId, clientSecret },
    redirectUri,
    endpoints: { ...endpoints },
    allowLoopbackHttp,
  })
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  const oauth = oauth2Client({ ...options, definition: googleAdsDefinition(endpoints) })
  return new GoogleAdsClient(oauth, new AdsApi({ http, base: baseOf(endpoints.ads), developerToken, now }))
}

/** Google Ads: standard OAuth 2.0 with an account discovery of its own. */
class GoogleAdsClient implements OAuthProviderClient {
  readonly traits: ProviderTraits
  readonly authorization: AuthorizationTraits
  readonly #oauth: OAuth2Client
  readonly #ads: AdsApi

  constructor(oauth: OAuth2Client, ads: AdsApi) {
    this.#oauth = oauth
    this.#ads = ads
    this.traits = { ...oauth.traits, hasAccounts: true }
    this.authorization = oauth.authorization
  }

  authorizationUrl(request: AuthorizationRequest): string {
    return this.#oauth.authorizationUrl(request)
  }

  async exchangeCode(grant: CodeGrant): Promise<TokenSet> {
    return this.#oauth.exchangeCode(grant)
  }

  async refresh(tokens: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<TokenSet> {
    return this.#oauth.refresh(tokens)
  }

  async examine(accessToken: Secret, issuedScopes?: readonly string[]): Promise<Examination> {
    const subject = await this.#subject(accessToken, issuedScopes)
    const missing = this.#oauth.missingScopes(issuedScopes)
    const found = await withSubject(subject, this.#accounts(accessToken, missing))
    return {
      ...found,
      ...(subject === undefined ? {} : { subject }),
      ...(issuedScopes === undefined ? {} : { grantedScopes: issuedScopes }),
    }
  }

  async verify(accessToken: Secret): Promise<void> {
    try {
      await this.#ads.listAccessible(accessToken)
    } catch (error) {
      if (!isFailure(error, NOT_ADS_USER)) throw error
    }
  }

  async revoke(credential: {
    readonly accessToken?: Secret | undefined
    readonly refreshToken?: Secret | undefined
  }): Promise<void> {
    await this.#oauth.revoke(credential)
  }

  /** Only a grant that includes `openid` names its person; people may leave it out. */
  async #subject(
    accessToken: Secret,
    issuedScopes: readonly string[] | undefined,
  ): Promise<ProviderSubject | undefined> {
    if (!(issuedScopes ?? this.authorization.scopes).includes('openid')) return undefined
    try {
      return (await this.#oauth.examine(accessToken)).subject
    } catch (error) {
      const isRefused =
        error instanceof ProviderFailure && (error.kind === 'reauthorize' || error.kind === 'permission')
      // The next question tells whether the token is dead or merely does not name its person.
      if (isRefused) return undefined
      throw error
    }
  }

  async #accounts(
    accessToken: Secret,
    missingScopes: readonly string[],
  ): Promise<{ accounts: readonly AdAccount[]; missingScopes: readonly string[] }> {
    if (missingScopes.length > 0) return { accounts: [], missingScopes }
    try {
      return { accounts: await discoverAccounts(this.#ads.forExamination(), accessToken), missingScopes }
    } catch (error) {
      if (!isFailure(error, SCOPE_INSUFFICIENT)) throw error
      return { accounts: [], missingScopes: [ADWORDS_SCOPE] }
    }
  }
}

function isFailure(error: unknown, providerCode: string): boolean {
  return error instanceof ProviderFailure && error.providerCode === providerCode
}
