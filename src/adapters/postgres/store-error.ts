import { isIntegrationError, MigrationConflictError, StoreUnavailableError } from '../../domain/errors.ts'
import type { AnyIntegrationError } from '../../domain/errors.ts'

const MISSING = new Set(['42P01', '42703', '42704', '42883', '3F000'])
const FORBIDDEN = '42501'
const REFUSED_LOGIN = 'it refused the login; check the credentials in DATABASE_URL'
const ADVICE: Readonly<Record<string, string>> = {
  '28000': REFUSED_LOGIN,
  '28P01': REFUSED_LOGIN,
  '3D000': 'there is no such database; create it, or correct its name in DATABASE_URL',
  '53300': 'it has no connection left; raise its max_connections, or lower maxConnections of the processes',
  '57P03': 'it is starting up, shutting down or recovering; call again later',
}
const UNREACHED = 'check that it runs and that its host, port and TLS settings are right, or call again later'

/**
 * What a driver's error means for a caller. The error itself repeats parameters, addresses and rows: it goes no further,
 * and nothing of it but its code is told.
 */
export function toStoreError(error: unknown): AnyIntegrationError {
  if (isIntegrationError(error)) return error
  const state = sqlStateOf(error)
  // Neither comes right by itself.
  if (state !== undefined && MISSING.has(state)) {
    return new MigrationConflictError(
      'The tables in Postgres are missing or of an older version; run `integrations migrate`',
    )
  }
  if (state === FORBIDDEN) {
    return new MigrationConflictError(
      'The login to Postgres may not use the tables; run `integrations migrate` and name that login to be granted',
    )
  }
  return new StoreUnavailableError('Postgres', adviceFor(error))
}

/** The five characters of a server's refusal; `undefined` when the server was not reached or did not answer. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** What Node calls the reason why a server was not reached, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
export function nodeCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^[A-Z_]+$/.test(error.code) ? error.code : undefined
}

/** The server ended, or was never heard of again; whatever else it refuses is undone. */
export function isUnanswered(error: unknown): boolean {
  if (isIntegrationError(error)) return false
  return /^(08|57)/.test(sqlStateOf(error) ?? '08')
}

function adviceFor(error: unknown): string {
  const state = sqlStateOf(error)
  if (state === undefined) {
    const code = nodeCodeOf(error)
    return code === undefined ? UNREACHED : `${UNREACHED} (${code})`
  }
  return ADVICE[state] ?? `it answered ${state}; look into its log, or call again later`
}
