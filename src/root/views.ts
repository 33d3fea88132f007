import type { ConnectionState } from '../application/use-cases/connection-statuses.ts'
import type { AdAccount } from '../domain/model/ad-account.ts'
import type { Connection, ConnectionStatus, ReauthReason } from '../domain/model/connection.ts'
import type { Instant } from '../domain/model/time.ts'
import type { TroubledConnection } from '../ports/due-connections.ts'

/** What every connection shows of itself. Nothing in it is secret. */
export interface IntegrationConnection {
  readonly id: string
  readonly tenantId: string
  readonly provider: string
  readonly label: string
  readonly status: ConnectionStatus
  readonly needsReauth: boolean
  readonly reauthReason: ReauthReason | null
  /** The person or system user who granted, as the provider names them. */
  readonly grantedBy: string | null
  readonly scopes: readonly string[]
  /** `null`: the credential has no known end. */
  readonly tokenExpiresAt: Date | null
  readonly lastError: string | null
  readonly lastSyncAt: Date | null
  readonly connectedAt: Date
  readonly updatedAt: Date
}

/** A connection to Meta Ads; the chosen ad account is `null` until there is one. */
export interface MetaAdConnection extends IntegrationConnection {
  readonly adAccountId: string | null
  readonly adAccountName: string | null
  readonly adAccounts: readonly AdAccount[]
  /** Meta's second clock: after it the person must confirm again, whatever the token's own end. */
  readonly dataAccessExpiresAt: Date | null
  /** `user` or `system_user`, in Meta's own words. */
  readonly tokenKind: string | null
}

/** A connection to Google Ads; the chosen customer is `null` until there is one. */
export interface GoogleAdsConnection extends IntegrationConnection {
  readonly customerId: string | null
  readonly customerName: string | null
  /** The manager through which the customer is reached: send it as `login-customer-id`. */
  readonly loginCustomerId: string | null
  readonly customers: readonly AdAccount[]
}

/** A connection to TikTok Ads; the chosen advertiser is `null` until there is one. */
export interface TikTokAdConnection extends IntegrationConnection {
  readonly advertiserId: string | null
  readonly advertiserName: string | null
  readonly advertisers: readonly AdAccount[]
}

/** A list or segment of the Klaviyo account. */
export interface KlaviyoList {
  readonly id: string
  readonly name: string
}

/** A connection to Klaviyo, with the lists and segments as they were last read. */
export interface KlaviyoConnection extends IntegrationConnection {
  readonly companyName: string | null
  readonly publicApiKey: string | null
  readonly lists: readonly KlaviyoList[]
  readonly segments: readonly KlaviyoList[]
  readonly emailListId: string | null
  readonly smsListId: string | null
}

/** How one provider stands for a tenant, connected or not. */
export interface IntegrationStatus {
  readonly provider: string
  readonly label: string
  /** Tokens are being served. */
  readonly connected: boolean
  readonly status: ConnectionStatus | 'not_connected'
  readonly accountName: string | null
  readonly tokenExpiresAt: Date | null
  /** When a person has to connect again at the latest, however often the token is refreshed; `null`: no such end is known. */
  readonly grantExpiresAt: Date | null
  /** That is near: two weeks, or the last quarter of a shorter life. */
  readonly isExpiring: boolean
  readonly needsReauth: boolean
  readonly reauthReason: ReauthReason | null
  /** Code of the last failure since the credential last worked. */
  readonly lastError: string | null
  readonly lastSyncAt: Date | null
}

/** A connection of whatever tenant that a person should look at, and why. */
export interface ConnectionNeedingAttention {
  readonly tenantId: string
  readonly provider: string
  readonly label: string
  readonly status: ConnectionStatus
  readonly reauthReason: ReauthReason | null
  /** Code of the last failure since the credential last worked. */
  readonly lastError: string | null
  /** When its grant ends or has ended, if it lives and that is near: only a new consent helps. */
  readonly grantExpiresAt: Date | null
}

export function toConnection(connection: Connection): IntegrationConnection {
  const { id, tenantId, provider, label, status, scopes } = connection
  const needsReauth = status === 'needs_reauth'
  return {
    ...{ id, tenantId, provider, label, status, scopes, needsReauth },
    reauthReason: needsReauth ? (connection.reauthReason ?? null) : null,
    grantedBy: connection.subject?.name ?? null,
    tokenExpiresAt: toDate(connection.tokenExpiresAt),
    lastError: connection.lastErrorCode ?? null,
    lastSyncAt: toDate(connection.lastSyncAt),
    connectedAt: new Date(connection.connectedAt),
    updatedAt: new Date(connection.updatedAt),
  }
}

export function toMetaAdConnection(connection: Connection): MetaAdConnection {
  return {
    ...toConnection(connection),
    adAccountId: connection.selectedAccountId ?? null,
    adAccountName: connection.selectedAccountName ?? null,
    adAccounts: connection.accounts,
    dataAccessExpiresAt: toDate(connection.dataAccessExpiresAt),
    tokenKind: connection.details.tokenKind ?? null,
  }
}

export function toGoogleAdsConnection(connection: Connection): GoogleAdsConnection {
  const selected = connection.accounts.find((account) => account.id === connection.selectedAccountId)
  return {
    ...toConnection(connection),
    customerId: connection.selectedAccountId ?? null,
    customerName: connection.selectedAccountName ?? null,
    loginCustomerId: selected?.loginCustomerId ?? null,
    customers: connection.accounts,
  }
}

export function toTikTokAdConnection(connection: Connection): TikTokAdConnection {
  return {
    ...toConnection(connection),
    advertiserId: connection.selectedAccountId ?? null,
    advertiserName: connection.selectedAccountName ?? null,
    advertisers: connection.accounts,
  }
}

export function toKlaviyoConnection(connection: Connection): KlaviyoConnection {
  const { details } = connection
  return {
    ...toConnection(connection),
    companyName: connection.selectedAccountName ?? connection.subject?.name ?? null,
    publicApiKey: details.publicApiKey ?? null,
    lists: audiencesOf(connection, 'list'),
    segments: audiencesOf(connection, 'segment'),
    emailListId: details.emailListId ?? null,
    smsListId: details.smsListId ?? null,
  }
}

export function toStatus(state: ConnectionState): IntegrationStatus {
  return {
    ...state,
    tokenExpiresAt: toDate(state.tokenExpiresAt),
    grantExpiresAt: toDate(state.grantExpiresAt),
    lastSyncAt: toDate(state.lastSyncAt),
  }
}

export function toTroubled(connection: TroubledConnection): ConnectionNeedingAttention {
  const { tenantId, provider, label, status, reauthReason, lastErrorCode, grantExpiresAt } = connection
  return {
    ...{ tenantId, provider, label, status },
    reauthReason: reauthReason ?? null,
    lastError: lastErrorCode ?? null,
    grantExpiresAt: toDate(grantExpiresAt ?? null),
  }
}

function audiencesOf(connection: Connection, kind: 'list' | 'segment'): readonly KlaviyoList[] {
  const audiences = connection.details.audiences ?? []
  return audiences.filter((audience) => audience.kind === kind).map(({ id, name }) => ({ id, name }))
}

export function toDate(instant: Instant | null): Date | null {
  return instant === null ? null : new Date(instant)
}
