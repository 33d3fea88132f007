import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { HandlerContext } from '../handler-context.ts'

const KNOWN: Readonly<Record<string, string>> = {
  meta: 'Meta Ads',
  google_ads: 'Google Ads',
  tiktok: 'TikTok Ads',
  klaviyo: 'Klaviyo',
}

/** As people read it, also of a platform that is not configured here. */
export function providerNameOf({ providers }: HandlerContext, provider: ProviderName): string {
  if (providers.names().includes(provider)) return providers.get(provider).traits.displayName
  return KNOWN[provider] ?? 'The platform'
}
