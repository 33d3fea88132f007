import type { AppPause } from '../../ports/provider-apps.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { TokenReading } from '../../ports/token-store.ts'
import {
  ProviderMisconfiguredError,
  ProviderResponseInvalidError,
  ProviderUnavailableError,
  RateLimitedError,
  RefreshPendingError,
} from '../errors.ts'
import type { IntegrationError } from '../errors.ts'
import type { Instant } from '../model/time.ts'

const SEE_LOG = 'see the operator log'

/** What a caller is told while the backoff after a failed attempt runs: the failure that the row remembers. */
export function pendingErrorOf(
  client: ProviderClient,
  reading: TokenReading,
  now: Instant,
): IntegrationError {
  const { displayName } = client.traits
  switch (reading.lastErrorCode) {
    case 'rate_limited':
      return new RateLimitedError(displayName, now + reading.nextAttemptMs)
    case 'provider_unavailable':
      return new ProviderUnavailableError(displayName)
    case 'provider_response_invalid':
      return new ProviderResponseInvalidError(displayName)
    case 'provider_misconfigured':
      return new ProviderMisconfiguredError(displayName, SEE_LOG)
    default:
      return new RefreshPendingError(displayName)
  }
}

/** What a caller is told while nothing of the provider's app may be asked, whatever the connection. */
export function pauseErrorOf(client: ProviderClient, pause: AppPause, now: Instant): IntegrationError {
  const { displayName } = client.traits
  return pause.reason === 'misconfigured'
    ? new ProviderMisconfiguredError(displayName, SEE_LOG)
    : new RateLimitedError(displayName, now + pause.forMs)
}
