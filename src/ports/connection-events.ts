import type { ConnectionLabel, ProviderName, TenantId } from '../domain/model/identifiers.ts'
import type { Instant } from '../domain/model/time.ts'

/** What can happen to connections, tokens and apps. */
export type ConnectionEventType =
  | 'connection.started'
  | 'connection.completed'
  | 'connection.refused'
  | 'connection.account_selected'
  | 'connection.disconnected'
  | 'connection.revoked'
  | 'connection.needs_reauth'
  | 'token.refreshed'
  | 'token.refresh_failed'
  | 'token.decrypt_failed'
  | 'provider.app_suspended'
  | 'tenant.deleted'

/** One thing that happened, for an audit trail. Nothing in it is secret. */
export interface ConnectionEvent {
  readonly type: ConnectionEventType
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: Instant
  readonly tenantId?: TenantId
  readonly provider?: ProviderName
  readonly label?: ConnectionLabel
  readonly connectionId?: string
  /** Hash of the initiator, where one was given. */
  readonly actor?: string
  /** An error code or reason of the public set. */
  readonly reason?: string
}

/** Tells the host what happened. A listener that throws or never returns changes nothing. */
export interface ConnectionEvents {
  emit(event: ConnectionEvent): void
}
