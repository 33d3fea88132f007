import type { AdAccount } from '../domain/model/ad-account.ts'
import {
  accessToken,
  completeOAuth,
  disconnect,
  findConnection,
  keyOf,
  needsTokenRefresh,
  refreshToken,
  selectAccount,
  startOAuth,
} from './platform.ts'
import type {
  CompleteOAuth,
  Disconnection,
  StartOAuth,
  TokenRefresh,
  TokenRequest,
  Which,
} from './platform.ts'
import { toGoogleAdsConnection } from './views.ts'
import type { GoogleAdsConnection } from './views.ts'

/** What a completed consent reaches. */
export interface GoogleAdsCompletion {
  readonly connected: true
  readonly customers: readonly AdAccount[]
  readonly customerIds: readonly string[]
  readonly returnUrl: string
  /** Several are reached: have one chosen with `selectGoogleAdsCustomer`. */
  readonly requiresAccountSelection: boolean
}

/**
 * Starts connecting Google Ads: send the browser to `authUrl`.
 * @throws tenant_invalid, return_url_refused, limit_exceeded, config_invalid, store_unavailable
 */
export async function startGoogleAdsOAuth(request: StartOAuth): Promise<{ authUrl: string; state: string }> {
  return startOAuth('google_ads', request)
}

/**
 * Completes in the callback. The state works once, for ten minutes, for the initiator and browser that were bound.
 * @throws state_invalid, authorization_denied, callback_invalid, initiator_mismatch, browser_mismatch,
 * exchange_rejected, scope_missing, no_ad_accounts, account_changed, provider_unavailable, store_unavailable, …
 */
export async function completeGoogleAdsOAuth(callback: CompleteOAuth): Promise<GoogleAdsCompletion> {
  const { connection, returnUrl } = await completeOAuth('google_ads', callback)
  return {
    connected: true,
    customers: connection.accounts,
    customerIds: connection.accounts.map((account) => account.id),
    returnUrl,
    requiresAccountSelection: connection.status === 'pending_account_selection',
  }
}

/** The connection without its secrets; `null` when there is none, or it was disconnected. */
export async function getGoogleAdsConnection(
  tenantId: string,
  which?: Which,
): Promise<GoogleAdsConnection | null> {
  return findConnection(keyOf('google_ads', tenantId, which), toGoogleAdsConnection)
}

/**
 * A token that works, refreshed when it needs to be. An expired one is never given.
 * @throws not_connected, reauthorization_required, token_rejected, refresh_pending, provider_unavailable, …
 */
export function getGoogleAdsAccessToken(tenantId: string, request?: TokenRequest): Promise<string> {
  return accessToken('google_ads', tenantId, request)
}

/**
 * Refreshes the access token now (RFC 6749 §6). A failure of the platform or the store is the result, not a rejection.
 * @throws tenant_invalid, config_invalid
 */
export async function refreshGoogleAdsToken(tenantId: string, which?: Which): Promise<TokenRefresh> {
  return refreshToken(keyOf('google_ads', tenantId, which))
}

/** Whether the token has expired or nears its end. @throws not_connected, reauthorization_required */
export async function needsGoogleAdsTokenRefresh(tenantId: string, which?: Which): Promise<boolean> {
  return needsTokenRefresh(keyOf('google_ads', tenantId, which))
}

/** Chooses one of the accounts that the grant reaches. `customerId` may come with or without dashes. @throws account_unknown, not_connected */
export async function selectGoogleAdsCustomer(
  tenantId: string,
  customerId: string,
  customerName?: string,
  which?: Which,
): Promise<void> {
  const id = typeof customerId === 'string' ? customerId.replaceAll('-', '') : customerId
  return selectAccount(keyOf('google_ads', tenantId, which), id, customerName)
}

/** Ends the connection for good and revokes the grant, at once or from a queue. @throws not_connected */
export async function disconnectGoogleAds(tenantId: string, which?: Which): Promise<Disconnection> {
  return disconnect(keyOf('google_ads', tenantId, which))
}
