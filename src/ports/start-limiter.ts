import type { TenantId } from '../domain/model/identifiers.ts'

/** Who starts a connection. */
export interface StartRequest {
  readonly tenantId: TenantId
  /** Hash of the initiator; without one only the tenant's limits apply. */
  readonly initiatorHash?: string | undefined
}

/** Whether the start may go on; if not, when to ask again. */
export type Admission =
  { readonly admitted: true } | { readonly admitted: false; readonly retryAfterMs: number }

/**
 * Bounds how many authorization requests are started and how many states live at once.
 * Every adapter passes `startLimiterContract`.
 */
export interface StartLimiter {
  /**
   * Counts the start and says whether it may go on. What is refused uses up nothing of anybody else's. The question is
   * sent within the tick: with `StateStore.remember` of the same tick it is one round trip to a single Redis.
   * @throws StoreUnavailableError
   */
  admit(request: StartRequest): Promise<Admission>
}
