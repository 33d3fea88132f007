import type { ProviderCircuit } from '../../ports/provider-circuit.ts'
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

/** Why nothing of this provider may be asked now, whatever the connection; `undefined`: go on. */
export function blockOf(
  client: ProviderClient,
  circuit: ProviderCircuit,
  now: Instant,
): { readonly error: IntegrationError; readonly forMs: number } | undefined {
  const { displayName, provider } = client.traits
  const block = circuit.blocked(provider)
  if (block === undefined) return undefined
  const { forMs, reason } = block
  return reason === 'rate_limited'
    ? { forMs, error: new RateLimitedError(displayName, now + forMs) }
    : { forMs, error: new ProviderMisconfiguredError(displayName, SEE_LOG) }
}
