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
import { toMetaAdConnection } from './views.ts'
import type { MetaAdConnection } from './views.ts'

/** What a completed consent reaches. */
export interface MetaCompletion {
  readonly connected: true
  readonly adAccounts: readonly AdAccount[]
  readonly returnUrl: string
  /** Several are reached: have one chosen with `selectMetaAdAccount`. */
  readonly requiresAccountSelection: boolean
}

/**
 * Starts connecting Meta Ads: send the browser to `authUrl`.
 * @throws tenant_invalid, return_url_refused, limit_exceeded, config_invalid, store_unavailable
 */
export async function startMetaOAuth(request: StartOAuth): Promise<{ authUrl: string; state: string }> {
  return startOAuth('meta', request)
}

/**
 * Completes in the callback. The state works once, for ten minutes, for the initiator and browser that were bound.
 * @throws state_invalid, authorization_denied, callback_invalid, initiator_mismatch, browser_mismatch,
 * exchange_rejected, scope_missing, no_ad_accounts, account_changed, provider_unavailable, store_unavailable, …
 */
export async function completeMetaOAuth(callback: CompleteOAuth): Promise<MetaCompletion> {
  const { connection, returnUrl } = await completeOAuth('meta', callback)
  return {
    connected: true,
    adAccounts: connection.accounts,
    returnUrl,
    requiresAccountSelection: connection.status === 'pending_account_selection',
  }
}

/** The connection without its secrets; `null` when there is none, or it was disconnected. */
export async function getMetaConnection(tenantId: string, which?: Which): Promise<MetaAdConnection | null> {
  return findConnection(keyOf('meta', tenantId, which), toMetaAdConnection)
}

/**
 * A token that works, refreshed when it needs to be. An expired one is never given.
 * @throws not_connected, reauthorization_required, token_rejected, refresh_pending, provider_unavailable, …
 */
export function getMetaAccessToken(tenantId: string, request?: TokenRequest): Promise<string> {
  return accessToken('meta', tenantId, request)
}

/**
 * Exchanges the long-lived token for a new one now. Meta has no refresh token and gives a new one at most daily. A failure
 * of the platform or the store is the result, not a rejection.
 * @throws tenant_invalid, config_invalid
 */
export async function refreshMetaToken(tenantId: string, which?: Which): Promise<TokenRefresh> {
  return refreshToken(keyOf('meta', tenantId, which))
}

/** Whether the token has expired or nears its end. @throws not_connected, reauthorization_required */
export async function needsMetaTokenRefresh(tenantId: string, which?: Which): Promise<boolean> {
  return needsTokenRefresh(keyOf('meta', tenantId, which))
}

/** Chooses one of the accounts that the grant reaches. `adAccountId` may come with or without `act_`. @throws account_unknown, not_connected */
export async function selectMetaAdAccount(
  tenantId: string,
  adAccountId: string,
  adAccountName?: string,
  which?: Which,
): Promise<void> {
  return selectAccount(keyOf('meta', tenantId, which), toAdAccountId(adAccountId), adAccountName)
}

/** Ends the connection for good and revokes the grant, at once or from a queue. @throws not_connected */
export async function disconnectMeta(tenantId: string, which?: Which): Promise<Disconnection> {
  return disconnect(keyOf('meta', tenantId, which))
}

function toAdAccountId(id: string): string {
  return typeof id !== 'string' || id.startsWith('act_') ? id : `act_${id}`
}
