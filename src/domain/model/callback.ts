import { AuthorizationDeniedError, CallbackInvalidError } from '../errors.ts'
import { cleanText } from './ad-account.ts'
import { Secret } from './secret.ts'

/** The parameters of an authorization response as a host's router gives them (RFC 6749 §4.1.2). */
export interface CallbackParameters {
  readonly code?: string | undefined
  readonly state?: string | undefined
  readonly iss?: string | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
}

/** The parameters by name, or the query as it came, which also shows what was sent twice. */
export type Callback = CallbackParameters | URLSearchParams

/** An authorization response whose shape is sound; nothing in it is trusted yet. */
export interface AuthorizationResponse {
  readonly state: string
  readonly iss: string | undefined
  readonly outcome:
    | { readonly kind: 'code'; readonly code: Secret }
    | { readonly kind: 'denied'; readonly error: AuthorizationDeniedError }
}

const LONGEST_VALUE = 4_096
const LONGEST_QUERY = 16_384

/**
 * Reads a callback. A parameter given twice, both a code and an error, control or non-ASCII characters, or anything
 * oversized is refused (RFC 6749 §3.1: parameters must not repeat).
 * @param codeParameters where the provider puts its code, best first (`auth_code` before `code` at TikTok)
 * @throws CallbackInvalidError
 */
export function parseCallback(callback: Callback, codeParameters: readonly string[]): AuthorizationResponse {
  const read =
    callback instanceof URLSearchParams ? fromQuery(callback, codeParameters) : fromObject(callback)
  if (read.state === undefined) throw new CallbackInvalidError('it has no state')
  const base = { state: read.state, iss: read.iss }
  if (read.error !== undefined && read.code !== undefined)
    throw new CallbackInvalidError('it has both a code and an error')
  if (read.code !== undefined) return { ...base, outcome: { kind: 'code', code: new Secret(read.code) } }
  const error = new AuthorizationDeniedError(cleanText(read.error ?? 'no code'))
  return { ...base, outcome: { kind: 'denied', error } }
}

interface Read {
  readonly state: string | undefined
  readonly iss: string | undefined
  readonly code: string | undefined
  readonly error: string | undefined
}

function fromObject(callback: CallbackParameters): Read {
  return {
    state: sound('state', callback.state),
    iss: sound('iss', callback.iss),
    code: sound('code', callback.code),
    error: soundError(callback.error),
  }
}

function fromQuery(query: URLSearchParams, codeParameters: readonly string[]): Read {
  if (query.toString().length > LONGEST_QUERY) throw new CallbackInvalidError('it is too long')
  const code = codeParameters.map((name) => single(query, name)).find((value) => value !== undefined)
  return {
    state: sound('state', single(query, 'state')),
    iss: sound('iss', single(query, 'iss')),
    code: sound('code', code),
    error: soundError(single(query, 'error')),
  }
}

function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw new CallbackInvalidError(`${name} is given more than once`)
  return values[0]
}

function sound(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new CallbackInvalidError(`${name} is not text`)
  if (value.length === 0 || value.length > LONGEST_VALUE || !/^[\x20-\x7e]+$/.test(value)) {
    throw new CallbackInvalidError(`${name} is empty, too long or not ASCII`)
  }
  return value
}

function soundError(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > LONGEST_QUERY)
    throw new CallbackInvalidError('error is not text')
  return value
}
