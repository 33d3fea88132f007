import type { Suspension } from '../../ports/provider-apps.ts'
import { isOAuthClient } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import { clampRetryAfter } from '../model/backoff.ts'
import { SECOND_MS } from '../model/time.ts'
import type { ProviderFailure } from '../provider-failure.ts'

/** Where a provider asks to wait and does not say how long. */
const UNNAMED_WAIT_MS = 5 * SECOND_MS
const MISCONFIGURED_PAUSE_MS = 30 * SECOND_MS

/** What a failure means for the whole app; `undefined`: nothing. What befalls an API key is about its own account. */
export function suspensionOf(
  client: ProviderClient,
  { concerns, kind, retryAfterMs }: ProviderFailure,
): Suspension | undefined {
  if (concerns !== 'app' || !isOAuthClient(client)) return undefined
  if (kind === 'misconfigured') return { reason: kind, forMs: MISCONFIGURED_PAUSE_MS }
  if (kind !== 'rate_limited') return undefined
  return { reason: kind, forMs: clampRetryAfter(retryAfterMs) ?? UNNAMED_WAIT_MS }
}
