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
import { toTikTokAdConnection } from './views.ts'
import type { TikTokAdConnection } from './views.ts'

/** What a completed consent reaches. */
export interface TikTokCompletion {
  readonly connected: true
  readonly advertisers: readonly AdAccount[]
  readonly advertiserIds: readonly string[]
  readonly returnUrl: string
  /** Several are reached: have one chosen with `selectTikTokAdvertiser`. */
  readonly requiresAccountSelection: boolean
}

/**
 * Starts connecting TikTok Ads: send the browser to `authUrl`.
 * @throws tenant_invalid, return_url_refused, limit_exceeded, config_invalid, store_unavailable
 */
export async function startTikTokOAuth(request: StartOAuth): Promise<{ authUrl: string; state: string }> {
  return startOAuth('tiktok', request)
}

/**
 * Completes in the callback. The state works once, for ten minutes, for the initiator and browser that were bound.
 * @throws state_invalid, authorization_denied, callback_invalid, initiator_mismatch, browser_mismatch,
 * exchange_rejected, scope_missing, no_ad_accounts, account_changed, provider_unavailable, store_unavailable, …
 */
export async function completeTikTokOAuth(callback: CompleteOAuth): Promise<TikTokCompletion> {
  const { connection, returnUrl } = await completeOAuth('tiktok', callback)
  return {
    connected: true,
    advertisers: connection.accounts,
    advertiserIds: connection.accounts.map((account) => account.id),
    returnUrl,
    requiresAccountSelection: connection.status === 'pending_account_selection',
  }
}

/** The connection without its secrets; `null` when there is none, or it was disconnected. */
export async function getTikTokConnection(
  tenantId: string,
  which?: Which,
): Promise<TikTokAdConnection | null> {
  return findConnection(keyOf('tiktok', tenantId, which), toTikTokAdConnection)
}

/**
 * A token that works, refreshed when it needs to be. An expired one is never given.
 * @throws not_connected, reauthorization_required, token_rejected, refresh_pending, provider_unavailable, …
 */
export function getTikTokAccessToken(tenantId: string, request?: TokenRequest): Promise<string> {
  return accessToken('tiktok', tenantId, request)
}

/**
 * Asks TikTok whether the token still lives: it has no end and there is nothing to refresh it with. A failure of the
 * platform or the store is the result, not a rejection.
 * @throws tenant_invalid, config_invalid
 */
export async function refreshTikTokToken(tenantId: string, which?: Which): Promise<TokenRefresh> {
  return refreshToken(keyOf('tiktok', tenantId, which))
}

/** Whether the token has expired or nears its end. @throws not_connected, reauthorization_required */
export async function needsTikTokTokenRefresh(tenantId: string, which?: Which): Promise<boolean> {
  return needsTokenRefresh(keyOf('tiktok', tenantId, which))
}

/** Chooses one of the accounts that the grant reaches. @throws account_unknown, not_connected */
export async function selectTikTokAdvertiser(
  tenantId: string,
  advertiserId: string,
  advertiserName?: string,
  which?: Which,
): Promise<void> {
  return selectAccount(keyOf('tiktok', tenantId, which), advertiserId, advertiserName)
}

/** Ends the connection for good and revokes the grant, at once or from a queue. @throws not_connected */
export async function disconnectTikTok(tenantId: string, which?: Which): Promise<Disconnection> {
  return disconnect(keyOf('tiktok', tenantId, which))
}
