import { consent } from '../../src/emulator/index.ts'
import type { ConsentChoice } from '../../src/emulator/index.ts'
import {
  completeGoogleAdsOAuth,
  completeMetaOAuth,
  completeTikTokOAuth,
  disconnectGoogleAds,
  disconnectMeta,
  disconnectTikTok,
  getGoogleAdsAccessToken,
  getGoogleAdsConnection,
  getMetaAccessToken,
  getMetaConnection,
  getTikTokAccessToken,
  getTikTokConnection,
  needsGoogleAdsTokenRefresh,
  needsMetaTokenRefresh,
  needsTikTokTokenRefresh,
  refreshGoogleAdsToken,
  refreshMetaToken,
  refreshTikTokToken,
  selectGoogleAdsCustomer,
  selectMetaAdAccount,
  selectTikTokAdvertiser,
  startGoogleAdsOAuth,
  startMetaOAuth,
  startTikTokOAuth,
} from '../../src/index.ts'
import type {
  AdAccount,
  CompleteOAuth,
  Disconnection,
  IntegrationConnection,
  StartOAuth,
  TokenRefresh,
  Which,
} from '../../src/index.ts'

/** What a completion says, whatever the platform calls its accounts. */
export interface Completion {
  readonly connected: true
  readonly returnUrl: string
  readonly requiresAccountSelection: boolean
  readonly accounts: readonly AdAccount[]
}

/** One OAuth platform's family of root functions. */
export interface OAuthPlatform {
  readonly provider: 'meta' | 'google_ads' | 'tiktok'
  /** Where the emulator takes an authorization code. */
  readonly tokenRoute: string
  start(request: StartOAuth): Promise<{ authUrl: string; state: string }>
  complete(callback: CompleteOAuth): Promise<Completion>
  find(tenantId: string, which?: Which): Promise<IntegrationConnection | null>
  selected(tenantId: string, which?: Which): Promise<{ id: string | null; name: string | null }>
  token(tenantId: string, which?: Which): Promise<string>
  refresh(tenantId: string, which?: Which): Promise<TokenRefresh>
  needsRefresh(tenantId: string, which?: Which): Promise<boolean>
  select(tenantId: string, accountId: string, name?: string, which?: Which): Promise<void>
  disconnect(tenantId: string, which?: Which): Promise<Disconnection>
}

export const meta: OAuthPlatform = {
  provider: 'meta',
  tokenRoute: 'exchange',
  start: startMetaOAuth,
  complete: async (callback) => {
    const { adAccounts, ...rest } = await completeMetaOAuth(callback)
    return { ...rest, accounts: adAccounts }
  },
  find: getMetaConnection,
  selected: async (...key) => {
    const found = await getMetaConnection(...key)
    return { id: found?.adAccountId ?? null, name: found?.adAccountName ?? null }
  },
  token: getMetaAccessToken,
  refresh: refreshMetaToken,
  needsRefresh: needsMetaTokenRefresh,
  select: selectMetaAdAccount,
  disconnect: disconnectMeta,
}

export const googleAds: OAuthPlatform = {
  provider: 'google_ads',
  tokenRoute: 'exchange',
  start: startGoogleAdsOAuth,
  complete: async (callback) => {
    const { customers, customerIds, ...rest } = await completeGoogleAdsOAuth(callback)
    return { ...rest, accounts: customers.filter(({ id }) => customerIds.includes(id)) }
  },
  find: getGoogleAdsConnection,
  selected: async (...key) => {
    const found = await getGoogleAdsConnection(...key)
    return { id: found?.customerId ?? null, name: found?.customerName ?? null }
  },
  token: getGoogleAdsAccessToken,
  refresh: refreshGoogleAdsToken,
  needsRefresh: needsGoogleAdsTokenRefresh,
  select: selectGoogleAdsCustomer,
  disconnect: disconnectGoogleAds,
}

export const tiktok: OAuthPlatform = {
  provider: 'tiktok',
  tokenRoute: 'exchange',
  start: startTikTokOAuth,
  complete: async (callback) => {
    const { advertisers, advertiserIds, ...rest } = await completeTikTokOAuth(callback)
    return { ...rest, accounts: advertisers.filter(({ id }) => advertiserIds.includes(id)) }
  },
  find: getTikTokConnection,
  selected: async (...key) => {
    const found = await getTikTokConnection(...key)
    return { id: found?.advertiserId ?? null, name: found?.advertiserName ?? null }
  },
  token: getTikTokAccessToken,
  refresh: refreshTikTokToken,
  needsRefresh: needsTikTokTokenRefresh,
  select: selectTikTokAdvertiser,
  disconnect: disconnectTikTok,
}

export const oauthPlatforms: readonly OAuthPlatform[] = [meta, googleAds, tiktok]

export type Consent = ConsentChoice & Which & { readonly allowAccountChange?: boolean }

/** Start and the person's answer: what the browser brings back. */
export async function authorize(
  platform: OAuthPlatform,
  tenantId: string,
  choice: Consent,
): Promise<URLSearchParams> {
  const { label, allowAccountChange, ...answer } = choice
  const { authUrl } = await platform.start({
    ...{ tenantId, returnUrl: '/settings' },
    ...(label === undefined ? {} : { label }),
    ...(allowAccountChange === undefined ? {} : { allowAccountChange }),
  })
  return (await consent(authUrl, answer)).searchParams
}

export async function connect(
  platform: OAuthPlatform,
  tenantId: string,
  choice: Consent = { person: 'sol' },
): Promise<Completion> {
  return platform.complete(await authorize(platform, tenantId, choice))
}
