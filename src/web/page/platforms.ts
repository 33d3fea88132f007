import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { HandlerContext } from '../handler-context.ts'

/** What the pages say about a platform, and where its sign-in leads. */
export interface Platform {
  /** The name that people see, known also for a platform that is not configured here. */
  readonly name: string
  /** What the platform calls the account that a connection is about. */
  readonly accountNoun: string
  readonly introduction: string
  /** Hosts that its own sign-in passes through, besides that of its authorization endpoint. */
  readonly signInHosts: readonly string[]
}

const PLATFORMS: ReadonlyMap<ProviderName, Platform> = new Map([
  [
    'meta',
    {
      name: 'Meta Ads',
      accountNoun: 'ad account',
      introduction: 'Facebook and Instagram campaigns, through the ad accounts of a business.',
      signInHosts: ['https://*.facebook.com'],
    },
  ],
  [
    'google_ads',
    {
      name: 'Google Ads',
      accountNoun: 'customer account',
      introduction: 'Search, Shopping and YouTube campaigns of a Google Ads customer.',
      signInHosts: ['https://*.google.com'],
    },
  ],
  [
    'tiktok',
    {
      name: 'TikTok Ads',
      accountNoun: 'advertiser account',
      introduction: 'TikTok campaigns, through the advertiser accounts of a business center.',
      signInHosts: ['https://*.tiktok.com'],
    },
  ],
  [
    'klaviyo',
    {
      name: 'Klaviyo',
      accountNoun: 'account',
      introduction: 'E-mail and SMS lists of a Klaviyo account, with a private API key.',
      signInHosts: [],
    },
  ],
])

export function platformOf({ providers }: HandlerContext, provider: ProviderName): Platform {
  const known = PLATFORMS.get(provider)
  const configured = providers.names().includes(provider)
    ? providers.get(provider).traits.displayName
    : undefined
  const name = configured ?? known?.name ?? 'The platform'
  const unknown = {
    accountNoun: 'ad account',
    introduction: `Connect an account at ${name}.`,
    signInHosts: [],
  }
  return { ...(known ?? unknown), name }
}
