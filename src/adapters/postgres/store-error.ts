import { isIntegrationError, StoreUnavailableError } from '../../domain/errors.ts'
import type { AnyIntegrationError } from '../../domain/errors.ts'

const MISSING = new Set(['42P01', '42703', '42704', '42883', '3F000'])
const REFUSED_LOGIN = new Set(['28000', '28P01'])

/**
 * What a driver's error means for a caller. The error itself repeats parameters, addresses and rows: it goes no further,
 * and nothing of it but its SQLSTATE is told.
 */
export function toStoreError(error: unknown): AnyIntegrationError {
  if (isIntegrationError(error)) return error
  return new StoreUnavailableError('Postgres', adviceFor(sqlStateOf(error)))
}

/** The five characters of a server's refusal; `undefined` when the server was not reached or did not answer. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** The server ended, or was never heard of again; whatever else it refuses is undone. */
export function isUnanswered(error: unknown): boolean {
  if (isIntegrationError(error)) return false
  return /^(08|57)/.test(sqlStateOf(error) ?? '08')
}

function adviceFor(state: string | undefined): string {
  if (state === undefined) return 'call again later'
  if (MISSING.has(state)) return 'its tables are missing or of an older version; run `integrations migrate`'
  if (state === '42501') {
    return 'its login may not use the tables; run `integrations migrate` and name that login to be granted'
  }
  if (REFUSED_LOGIN.has(state)) return 'it refused the login; check the credentials in DATABASE_URL'
  return `it answered ${state}; call again later`
}
