import type { AppPacing, SaidSuspension } from '../../ports/app-pacing.ts'
import type { Clock } from '../../ports/clock.ts'
import { appOf, isOAuthClient } from '../../ports/provider-client.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import { clampRetryAfter } from '../model/backoff.ts'
import { SECOND_MS } from '../model/time.ts'
import { ProviderFailure } from '../provider-failure.ts'
import { pauseErrorOf } from './pending-error.ts'

const MISCONFIGURED_PAUSE_MS = 30 * SECOND_MS

/** What a failure means for the whole app; `undefined`: nothing. A throttled API key affects only its own account. */
export function suspensionOf(
  client: ProviderClient,
  { concerns, kind, retryAfterMs }: ProviderFailure,
): SaidSuspension | undefined {
  if (concerns !== 'app' || !isOAuthClient(client)) return undefined
  if (kind === 'misconfigured') return { reason: kind, forMs: MISCONFIGURED_PAUSE_MS }
  if (kind !== 'rate_limited') return undefined
  return { reason: kind, forMs: clampRetryAfter(retryAfterMs) }
}

/** The same for a request that renews nothing: only a throttle counts, since any other refusal may not apply to renewals. */
export function throttleOf(client: ProviderClient, error: unknown): SaidSuspension | undefined {
  const isThrottled = error instanceof ProviderFailure && error.kind === 'rate_limited'
  return isThrottled ? suspensionOf(client, error) : undefined
}

/**
 * Sends a request that a person is waiting for. The app's budget does not hold it back; a suspension of the app does. If
 * the provider answers with a throttle, the whole app is suspended.
 * @throws RateLimitedError or ProviderMisconfiguredError when the request is not sent, and whatever `send` rejects with
 */
export async function sendUnlessSuspended<T>(
  { clock, pacing }: { readonly clock: Clock; readonly pacing: AppPacing },
  client: ProviderClient,
  send: () => Promise<T>,
): Promise<T> {
  const pause = await pacing.pauseOf(appOf(client))
  if (pause !== undefined) throw pauseErrorOf(client, pause, clock.now())
  try {
    return await send()
  } catch (error) {
    const suspension = throttleOf(client, error)
    if (suspension !== undefined) await pacing.suspend(appOf(client), suspension)
    throw error
  }
}
