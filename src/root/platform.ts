import { IDS } from '../application/container/identifiers.ts'
import {
  AccountUnknownError,
  CallbackInvalidError,
  ConfigInvalidError,
  isIntegrationError,
} from '../domain/errors.ts'
import type { CallbackParameters } from '../domain/model/callback.ts'
import type { Connection } from '../domain/model/connection.ts'
import { givenObject } from '../domain/model/given-object.ts'
import { Secret } from '../domain/model/secret.ts'
import { parseLabel, parseTenantId } from '../domain/model/identifiers.ts'
import type { ConnectionKey, IntegrationProvider, ProviderName } from '../domain/model/identifiers.ts'
import type { Initiator } from '../domain/model/pending-authorization.ts'
import type { RevocationResult } from '../domain/services/revocation-service.ts'
import { defaultContainer, service } from './default-container.ts'
import { toDate } from './views.ts'

/** Which of several connections of a tenant to one provider; `default` when it is left out. */
export interface Which {
  readonly label?: string
}

/** Which token, and which of them did not do. */
export interface TokenRequest extends Which {
  /** A token that the platform's API refused (401) although it had not ended: another is given, if there can be one. */
  readonly rejectedToken?: string
}

/** What a consent is asked for, and who may complete it. */
export interface StartOAuth extends Which {
  readonly tenantId: string
  /** A path of the host such as `/settings`, or an absolute URL on an allowed origin. */
  readonly returnUrl: string
  /** The signed-in user. When it is given, only the same user (and session) can complete. */
  readonly initiator?: Initiator
  /** A random value of 16 or more characters that the host also sets as a cookie, so that only the same browser can complete. */
  readonly browser?: string
  /** Let the consent be of another person or reach other accounts than the connection that it replaces. */
  readonly allowAccountChange?: boolean
}

/** The callback's parameters, with what was bound at the start. */
export type CompleteOAuth =
  URLSearchParams | (CallbackParameters & { readonly initiator?: Initiator; readonly browser?: string })

/** What came of a refresh or verification that somebody asked for. What a platform or a store did is told here. */
export interface TokenRefresh {
  readonly success: boolean
  /** Absent where the credential has no known end. */
  readonly newExpiresAt?: Date
  /** Why it failed: code and message of an `IntegrationError`. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** `revoked`: what became of the grant at the platform; the connection itself has ended in every case. */
export interface Disconnection {
  readonly revoked: RevocationResult
}

export function keyOf(provider: ProviderName, tenantId: string, which: Which = {}): ConnectionKey {
  const { label } = givenObject('which', which)
  return { tenantId: parseTenantId(tenantId), provider, label: parseLabel(label) }
}

export async function startOAuth(
  provider: IntegrationProvider,
  request: StartOAuth,
): Promise<{ authUrl: string; state: string }> {
  // By name, here and below: what else a host passes on may come from a browser.
  const { tenantId, returnUrl, initiator, browser, allowAccountChange } = givenObject('request', request)
  const key = keyOf(provider, tenantId, request)
  const connections = await service(IDS.Connections)
  return connections.start({ key, returnUrl, initiator, browser, allowAccountChange })
}

export async function completeOAuth(
  provider: IntegrationProvider,
  request: CompleteOAuth,
): Promise<{ connection: Connection; returnUrl: string }> {
  const connections = await service(IDS.Connections)
  if (typeof request !== 'object' || request === null) throw new CallbackInvalidError('it is missing')
  if (request instanceof URLSearchParams) return connections.complete(provider, { callback: request })
  const { code, state, iss, error, errorDescription, initiator, browser } = request
  const callback = { code, state, iss, error, errorDescription }
  return connections.complete(provider, { callback, initiator, browser })
}

export async function findConnection<T>(
  key: ConnectionKey,
  view: (connection: Connection) => T,
): Promise<T | null> {
  const connections = await service(IDS.Connections)
  const connection = await connections.get(key)
  return connection === undefined ? null : view(connection)
}

export async function accessToken(
  provider: IntegrationProvider,
  tenantId: string,
  request: TokenRequest = {},
): Promise<string> {
  const { rejectedToken } = givenObject('request', request)
  const key = keyOf(provider, tenantId, request)
  const tokens = await service(IDS.AccessTokens)
  if (rejectedToken === undefined) return (await tokens.get(key)).reveal()
  if (typeof rejectedToken !== 'string') throw new ConfigInvalidError(['rejectedToken: must be a string'])
  return (await tokens.get(key, { rejectedToken: new Secret(rejectedToken) })).reveal()
}

/** Never rejects for what a provider or a store does: that is the result. @throws config_invalid */
export async function refreshToken(key: ConnectionKey): Promise<TokenRefresh> {
  const container = await defaultContainer()
  try {
    await container.get(IDS.AccessTokens).refresh(key)
    const connection = await container.get(IDS.Connections).get(key)
    const newExpiresAt = toDate(connection?.tokenExpiresAt ?? null)
    return newExpiresAt === null ? { success: true } : { success: true, newExpiresAt }
  } catch (error) {
    if (!isIntegrationError(error) || error.code === 'config_invalid') throw error
    return { success: false, error: { code: error.code, message: error.message } }
  }
}

export async function needsTokenRefresh(key: ConnectionKey): Promise<boolean> {
  const tokens = await service(IDS.AccessTokens)
  return tokens.needsRefresh(key)
}

export async function selectAccount(
  key: ConnectionKey,
  accountId: string,
  accountName?: string,
): Promise<void> {
  if (typeof accountId !== 'string') throw new AccountUnknownError()
  if (accountName !== undefined && typeof accountName !== 'string')
    throw new ConfigInvalidError(['accountName: must be text'])
  const connections = await service(IDS.Connections)
  await connections.selectAccount(key, accountId, accountName)
}

export async function disconnect(key: ConnectionKey): Promise<Disconnection> {
  const connections = await service(IDS.Connections)
  return { revoked: await connections.disconnect(key) }
}
