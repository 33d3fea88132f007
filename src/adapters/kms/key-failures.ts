import { CipherKeyUnknownError, CipherUnavailableError, isIntegrationError } from '../../domain/errors.ts'

/** What a store of keys cannot answer is, to those who seal and open, a key that cannot be had now. */
export async function asking<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    if (isIntegrationError(error) && error.code === 'store_unavailable')
      throw new CipherUnavailableError('the data keys are in a database that does not answer')
    throw error
  }
}

/** That a key cannot be had now, as an answer. */
export function unavailability(error: unknown): CipherUnavailableError {
  if (error instanceof CipherUnavailableError) return error
  throw error
}

/** What a damaged key signed is lost: it is as if there had been none. */
export function absence(error: unknown): CipherUnavailableError | CipherKeyUnknownError {
  return error instanceof CipherKeyUnknownError ? error : unavailability(error)
}

/** Another key may seal tomorrow, or as soon as this one is restored or retired. */
export function notToSealUnder(error: unknown): never {
  if (!(error instanceof CipherKeyUnknownError)) throw error
  throw new CipherUnavailableError('the data key that seals is damaged; retire it or restore its row')
}
