import type { ProviderSubject } from '../../../domain/model/connection.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { Delivery } from '../../../domain/provider-failure.ts'

/** The request certainly never reached the provider. */
export function notSent(providerCode: string): ProviderFailure {
  return transient(providerCode, 'not_sent')
}

/** The provider may have acted on the request: its answer was lost. */
export function uncertain(providerCode: string): ProviderFailure {
  return transient(providerCode, 'uncertain')
}

/** Where the question fails, the failure tells whose credential it was: what cannot be stored has to be revoked. */
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
