import {
  ExchangeRejectedError,
  isIntegrationError,
  ProviderMisconfiguredError,
  ProviderResponseInvalidError,
  ProviderUnavailableError,
  RateLimitedError,
  ReauthorizationRequiredError,
  ScopeMissingError,
} from '../errors.ts'
import type { IntegrationError } from '../errors.ts'
import { clampRetryAfter, UNNAMED_WAIT_MS } from '../model/backoff.ts'
import type { Instant } from '../model/time.ts'
import { isResponseInvalid, ProviderFailure } from '../provider-failure.ts'

/** Turns a provider's failure into an error of the public set; anything else passes through as it is. */
export function toPublicError(failure: unknown, displayName: string, now: Instant): unknown {
  return failure instanceof ProviderFailure ? translate(failure, displayName, now) : failure
}

function translate(failure: ProviderFailure, displayName: string, now: Instant): IntegrationError {
  switch (failure.kind) {
    case 'reauthorize':
      return new ReauthorizationRequiredError(displayName, 'revoked_or_expired')
    case 'restart_flow':
      return new ExchangeRejectedError(displayName)
    case 'permission':
      return new ScopeMissingError(displayName, failure.missingScopes)
    case 'misconfigured':
      return new ProviderMisconfiguredError(displayName, failure.providerCode)
    case 'rate_limited':
      return new RateLimitedError(
        displayName,
        now + (clampRetryAfter(failure.retryAfterMs) ?? UNNAMED_WAIT_MS),
      )
    case 'transient':
      return isResponseInvalid(failure)
        ? new ProviderResponseInvalidError(displayName)
        : new ProviderUnavailableError(displayName)
  }
}

/** The code to keep in a row for status: of our own set, whatever was thrown. */
export function errorCodeOf(error: unknown): string {
  return isIntegrationError(error) ? error.code : 'provider_unavailable'
}
