import { ContainerModule } from 'inversify'
import type { ProviderClient } from '../../ports/provider-client.ts'
import { googleAdsClient } from '../../adapters/providers/google-ads/google-ads-client.ts'
import type { GoogleAdsClientOptions } from '../../adapters/providers/google-ads/google-ads-client.ts'
import { klaviyoClient } from '../../adapters/providers/klaviyo/klaviyo-client.ts'
import type { KlaviyoClientOptions } from '../../adapters/providers/klaviyo/klaviyo-client.ts'
import { metaClient } from '../../adapters/providers/meta/meta-client.ts'
import type { MetaClientOptions } from '../../adapters/providers/meta/meta-client.ts'
import { oauth2Client } from '../../adapters/providers/oauth2/oauth2-client.ts'
import type { OAuth2ClientOptions } from '../../adapters/providers/oauth2/oauth2-client.ts'
import { tiktokClient } from '../../adapters/providers/tiktok/tiktok-client.ts'
import type { TikTokClientOptions } from '../../adapters/providers/tiktok/tiktok-client.ts'
import { IDS } from './identifiers.ts'

/** Adds Meta Ads. */
export function metaModule(options: MetaClientOptions): ContainerModule {
  return providerModule(metaClient(options))
}

/** Adds Google Ads. */
export function googleAdsModule(options: GoogleAdsClientOptions): ContainerModule {
  return providerModule(googleAdsClient(options))
}

/** Adds TikTok Ads. */
export function tiktokModule(options: TikTokClientOptions): ContainerModule {
  return providerModule(tiktokClient(options))
}

/** Adds Klaviyo, connected with private API keys. */
export function klaviyoModule(options: KlaviyoClientOptions): ContainerModule {
  return providerModule(klaviyoClient(options))
}

/** Any standard platform, from its definition. */
export function oauth2Module(options: OAuth2ClientOptions): ContainerModule {
  return providerModule(oauth2Client(options))
}

/** Adds a platform to those of the container: a client of the host's own as well. */
export function providerModule(client: ProviderClient): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(IDS.ProviderClient).toConstantValue(client)
  })
}
