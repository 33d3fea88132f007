import { isOAuthClient } from '../ports/provider-client.ts'
import type { OAuthProviderClient, ProviderClient } from '../ports/provider-client.ts'
import type { Meter } from './meter.ts'

/** The same client, with each of its calls to the platform timed. */
export function measuredClient(client: ProviderClient, meter: Meter): ProviderClient {
  const { provider } = client.traits
  const measured: ProviderClient = {
    traits: client.traits,
    examine: (token, scopes) => meter.time('provider.examine', provider, () => client.examine(token, scopes)),
    verify: (token) => meter.time('provider.verify', provider, () => client.verify(token)),
    revoke: (credential) => meter.time('provider.revoke', provider, () => client.revoke(credential)),
  }
  if (!isOAuthClient(client)) return measured
  const oauth: OAuthProviderClient = {
    ...measured,
    authorization: client.authorization,
    authorizationUrl: (request) => client.authorizationUrl(request),
    exchangeCode: (grant) => meter.time('provider.exchange', provider, () => client.exchangeCode(grant)),
    refresh: (tokens) => meter.time('provider.refresh', provider, () => client.refresh(tokens)),
  }
  return oauth
}
