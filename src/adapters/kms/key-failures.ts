import { CipherKeyUnknownError, CipherUnavailableError, isIntegrationError } from '../../domain/errors.ts'

/** Runs `ask`. To those who seal and open, a store of keys that does not answer is a key that is unavailable for now. */
export async function mappingStoreErrors<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    if (isIntegrationError(error) && error.code === 'store_unavailable')
      throw new CipherUnavailableError('the data keys are in a database that does not answer')
    throw error
  }
}

/** For `catch`: returns the error when it says that a key is unavailable for now, and throws any other. */
export function unavailableOrThrow(error: unknown): CipherUnavailableError {
  if (error instanceof CipherUnavailableError) return error
  throw error
}

/** The same, but a damaged key is returned too: what it signed is lost, as if the key had never existed. */
export function missingOrThrow(error: unknown): CipherUnavailableError | CipherKeyUnknownError {
  return error instanceof CipherKeyUnknownError ? error : unavailableOrThrow(error)
}

/** For `catch`: sealing is only unavailable, since it works again once this key is restored, retired or superseded. */
export function refuseDamagedSealingKey(error: unknown): never {
  if (!(error instanceof CipherKeyUnknownError)) throw error
  throw new CipherUnavailableError('the data key that seals is damaged; retire it or restore its row')
}
