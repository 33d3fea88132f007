import type { ProviderName } from '../domain/model/identifiers.ts'
import type { ConnectionEventType } from './connection-events.ts'

/** What takes time and is worth knowing how much. */
export type TimedWork =
  | 'token.read'
  | 'connection.start'
  | 'connection.complete'
  | 'job.run'
  | 'provider.exchange'
  | 'provider.refresh'
  | 'provider.examine'
  | 'provider.verify'
  | 'provider.revoke'

/** One thing that was done. Every member has a handful of values: no tenant, no person, no secret, no text of others. */
export interface Measurement {
  readonly name: TimedWork | ConnectionEventType | 'job.connection' | 'cipher.failure'
  readonly provider?: ProviderName
  readonly outcome?: 'ok' | 'failed' | 'refreshed' | 'skipped'
  /** What kind of failure: a code or reason of the public set, or how a provider's refusal was classified. */
  readonly class?: string
  /** Of timed work. */
  readonly durationMs?: number
}

/** Takes measurements to wherever a host watches. It must not throw or wait: some come with every token that is read. */
export interface Measurements {
  record(measurement: Measurement): void
}
