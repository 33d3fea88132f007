import { ProviderFailure } from '../../src/domain/provider-failure.ts'
import type { AdAccount } from '../../src/domain/model/ad-account.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { Secret } from '../../src/domain/model/secret.ts'
import type { TokenSet } from '../../src/domain/model/token-set.ts'
import type {
  AuthorizationTraits,
  CodeGrant,
  Examination,
  OAuthProviderClient,
  ProviderClient,
  ProviderTraits,
} from '../../src/ports/provider-client.ts'

const ISSUER = 'https://platform.example'

function traitsOf(provider: string, displayName: string): ProviderTraits {
  return {
    provider,
    displayName,
    issuer: ISSUER,
    rotation: { kind: 'none' },
    renewal: provider === 'klaviyo' ? 'none' : 'refresh_token',
    marginMs: 5 * 60_000,
    windowMs: 20 * 60_000,
    renewAtMostEveryMs: 0,
    verifyEveryMs: 24 * HOUR_MS,
    revocation: provider === 'klaviyo' ? 'none' : 'token',
    hasAccounts: provider !== 'klaviyo',
  }
}

/** A platform that does what a test tells it to, in the place of the port, and counts what reaches it. */
export class ScriptedPlatform implements OAuthProviderClient {
  readonly traits: ProviderTraits
  readonly authorization: AuthorizationTraits
  readonly exchanges: CodeGrant[] = []
  accounts: readonly AdAccount[] = [
    { id: '1', name: 'Main', isUsable: true },
    { id: '2', name: 'Second', isUsable: true },
  ]
  subject = { issuer: ISSUER, id: '4711', name: 'Ada Lindqvist' }
  refusesCredentials = false
  /** Awaited before an exchange is answered. */
  beforeExchange: () => Promise<void> = async () => undefined

  constructor(provider: string, displayName: string) {
    this.traits = traitsOf(provider, displayName)
    this.authorization = {
      clientId: `${provider}-client`,
      redirectUri: `https://app.example.com/api/integrations/${provider}/callback`,
      scopes: ['read'],
      pkce: { method: 'S256' },
      codeParameters: ['code'],
    }
  }

  authorizationUrl({ state }: { readonly state: string }): string {
    return `https://www.${this.traits.provider.replace('_', '-')}.example/authorize?state=${state}`
  }

  async exchangeCode(grant: CodeGrant): Promise<TokenSet> {
    this.exchanges.push(grant)
    await this.beforeExchange()
    return tokenSet('access-token-of-test', 'refresh-token-of-test')
  }

  async refresh(): Promise<TokenSet> {
    this.#answer()
    return tokenSet('access-token-renewed', 'refresh-token-renewed')
  }

  async examine(): Promise<Examination> {
    return { subject: this.subject, missingScopes: [], accounts: this.accounts }
  }

  async verify(): Promise<void> {
    this.#answer()
  }

  async revoke(): Promise<void> {
    await Promise.resolve()
  }

  #answer(): void {
    if (!this.refusesCredentials) return
    throw new ProviderFailure({ kind: 'reauthorize', delivery: 'answered', providerCode: 'invalid_grant' })
  }
}

export const RIGHT_KEY = 'pk_right_0f1e2d3c4b5a69788796a5b4c3d2e1f0'

/** Klaviyo by private API key: one key is right. */
export class ScriptedKlaviyo implements ProviderClient {
  readonly traits = traitsOf('klaviyo', 'Klaviyo')
  accountId = 'FJORD1'
  refusesCredentials = false

  async examine(accessToken: Secret): Promise<Examination> {
    await this.verify(accessToken)
    return {
      subject: { issuer: ISSUER, id: this.accountId, name: 'Fjord Candles' },
      missingScopes: [],
      accounts: [{ id: this.accountId, name: 'Fjord Candles', isUsable: true }],
      audiences: [
        { id: 'L1', name: 'Newsletter', kind: 'list', optIn: 'double_opt_in' },
        { id: 'L2', name: 'SMS <club>', kind: 'list' },
        { id: 'S1', name: 'Segment', kind: 'segment' },
      ],
      publicApiKey: this.accountId,
      tokenKind: 'api_key',
    }
  }

  async verify(accessToken: Secret): Promise<void> {
    if (!this.refusesCredentials && accessToken.equals(new Secret(RIGHT_KEY))) return
    throw new ProviderFailure({
      kind: 'reauthorize',
      delivery: 'answered',
      providerCode: 'not_authenticated',
    })
  }

  async revoke(): Promise<void> {
    await Promise.resolve()
  }
}

function tokenSet(access: string, refresh: string): TokenSet {
  return {
    accessToken: new Secret(access),
    refreshToken: new Secret(refresh),
    expiresInMs: HOUR_MS,
    refreshExpiresInMs: null,
  }
}
