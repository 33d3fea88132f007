import type { ProviderSubject } from '../../../domain/model/connection.ts'
import type { Instant } from '../../../domain/model/time.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import type { Concern, Delivery } from '../../../domain/provider-failure.ts'
import type { HttpAnswer } from './provider-http.ts'
import { parseRetryAfter } from './retry-after.ts'

/** The request certainly never reached the provider. */
export function notSent(providerCode: string): ProviderFailure {
  return transient(providerCode, 'not_sent')
}

/** The provider may have acted on the request: its answer was lost. */
export function uncertain(providerCode: string): ProviderFailure {
  return transient(providerCode, 'uncertain')
}

/**
 * What an answer means that is not in the platform's own words: some server on the way sent it, or the platform in a bad
 * minute. It says nothing about the credential, and nobody knows whether the request reached the platform. Only a 429 is
 * a refusal whoever sends it.
 */
export function statusFailure(answer: HttpAnswer, now: Instant, concerns?: Concern): ProviderFailure {
  const { status } = answer
  if (status < 400) return responseInvalid()
  const isThrottle = status === 429
  return new ProviderFailure({
    kind: isThrottle ? 'rate_limited' : 'transient',
    delivery: isThrottle ? 'answered' : 'uncertain',
    providerCode: `http_${status}`,
    retryAfterMs: parseRetryAfter(answer.header('retry-after'), now),
    concerns,
  })
}

/** Adds to a failure of `question` whose credential it was: a grant that cannot be stored has to be revoked. */
export async function withSubject<T>(subject: ProviderSubject | undefined, question: Promise<T>): Promise<T> {
  try {
    return await question
  } catch (error) {
    throw error instanceof ProviderFailure ? error.of(subject) : error
  }
}

function transient(providerCode: string, delivery: Delivery): ProviderFailure {
  return new ProviderFailure({ kind: 'transient', delivery, providerCode })
}
