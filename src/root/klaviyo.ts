import { IDS } from '../application/container/identifiers.ts'
import { ApiKeyInvalidError } from '../domain/errors.ts'
import { givenObject } from '../domain/model/given-object.ts'
import { service } from './default-container.ts'
import { accessToken, disconnect, findConnection, keyOf, refreshToken } from './platform.ts'
import type { Disconnection, TokenRefresh, TokenRequest, Which } from './platform.ts'
import { toKlaviyoConnection } from './views.ts'
import type { KlaviyoConnection, KlaviyoList } from './views.ts'

/** A private API key and whose it is. */
export interface ConnectKlaviyo extends Which {
  readonly tenantId: string
  readonly privateApiKey: string
  /** Checked against the account's own, when it is given. */
  readonly publicApiKey?: string
  /** Let the key be of another Klaviyo account than the one that is connected. */
  readonly allowAccountChange?: boolean
}

/**
 * Connects with a private API key, after Klaviyo has accepted it.
 * @throws api_key_invalid, scope_missing, account_changed, provider_unavailable, rate_limited, store_unavailable
 */
export async function connectKlaviyo(
  request: ConnectKlaviyo,
): Promise<{ connected: true; companyName: string; lists: readonly KlaviyoList[] }> {
  const {
    tenantId,
    privateApiKey: apiKey,
    publicApiKey,
    allowAccountChange,
  } = givenObject('request', request)
  const key = keyOf('klaviyo', tenantId, request)
  if (typeof apiKey !== 'string') throw new ApiKeyInvalidError('Klaviyo', 'is missing')
  const connections = await service(IDS.Connections)
  const connection = await connections.connectWithApiKey({ key, apiKey, publicApiKey, allowAccountChange })
  const { companyName, lists } = toKlaviyoConnection(connection)
  return { connected: true, companyName: companyName ?? '', lists }
}

/** The connection without its key; `null` when there is none, or it was disconnected. */
export async function getKlaviyoConnection(
  tenantId: string,
  which?: Which,
): Promise<KlaviyoConnection | null> {
  return findConnection(keyOf('klaviyo', tenantId, which), toKlaviyoConnection)
}

/** The private API key; one that Klaviyo refused is verified first. @throws not_connected, reauthorization_required */
export function getKlaviyoApiKey(tenantId: string, request?: TokenRequest): Promise<string> {
  return accessToken('klaviyo', tenantId, request)
}

/**
 * Asks Klaviyo whether the key still lives. A failure of Klaviyo or the store is the result, not a rejection.
 * @throws tenant_invalid, config_invalid
 */
export async function testKlaviyoConnection(tenantId: string, which?: Which): Promise<TokenRefresh> {
  return refreshToken(keyOf('klaviyo', tenantId, which))
}

/** Reads the lists anew from Klaviyo and keeps them. @throws not_connected, scope_missing, provider_unavailable, … */
export async function refreshKlaviyoLists(tenantId: string, which?: Which): Promise<readonly KlaviyoList[]> {
  const connections = await service(IDS.Connections)
  const connection = await connections.rediscover(keyOf('klaviyo', tenantId, which))
  return toKlaviyoConnection(connection).lists
}

/** Chooses the lists for e-mail and SMS; `null` chooses none. @throws account_unknown, not_connected */
export async function updateKlaviyoLists(
  tenantId: string,
  emailListId: string | null,
  smsListId: string | null,
  which?: Which,
): Promise<void> {
  const key = keyOf('klaviyo', tenantId, which)
  const connections = await service(IDS.Connections)
  await connections.chooseAudiences(key, { emailListId, smsListId })
}

/** Forgets the key. Klaviyo offers no way to revoke it: delete it there. @throws not_connected */
export async function disconnectKlaviyo(tenantId: string, which?: Which): Promise<Disconnection> {
  return disconnect(keyOf('klaviyo', tenantId, which))
}
