import type { Suspension } from '../../ports/provider-apps.ts'
import { isOAuthClient } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import { clampRetryAfter } from '../model/backoff.ts'
import { SECOND_MS } from '../model/time.ts'
import type { ProviderFailure } from '../provider-failure.ts'

/** Where a provider asks to wait and does not say how long. */
const UNNAMED_WAIT_MS = 5 * SECOND_MS
const MISCONFIGURED_PAUSE_MS = 30 * SECOND_MS

/** What a failure means for the whole app; `undefined`: nothing. The wait for an API key is that of its own account. */
export function suspensionOf(
  client: ProviderClient,
  { kind, retryAfterMs }: ProviderFailure,
): Suspension | undefined {
  if (kind === 'misconfigured') return { reason: kind, forMs: MISCONFIGURED_PAUSE_MS }
  if (kind !== 'rate_limited' || !isOAuthClient(client)) return undefined
  return { reason: kind, forMs: clampRetryAfter(retryAfterMs) ?? UNNAMED_WAIT_MS }
}
