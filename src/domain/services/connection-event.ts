import type { ConnectionEvent, ConnectionEventType } from '../../ports/connection-events.ts'
import type { ConnectionKey } from '../model/identifiers.ts'
import type { Instant } from '../model/time.ts'

/** What an event may say beside what happened, when and to which label. */
export interface EventFacts {
  readonly connectionId?: string | undefined
  readonly actor?: string | undefined
  readonly reason?: string | undefined
}

/**
 * An event about the connection at `key`. Only the three parts of the key are taken from it, since what is passed may be
 * a lease or a grant and hold more than an audit trail may have.
 */
export function connectionEvent(
  type: ConnectionEventType,
  at: Instant,
  { tenantId, provider, label }: ConnectionKey,
  { connectionId, actor, reason }: EventFacts = {},
): ConnectionEvent {
  return {
    type,
    at,
    tenantId,
    provider,
    label,
    ...(connectionId === undefined ? {} : { connectionId }),
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
  }
}
