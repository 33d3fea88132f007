import { AuthorizationDeniedError, CallbackInvalidError } from '../errors.ts'
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

/**
 * An authorization response with one well-formed state; nothing in it is trusted yet. What else is wrong with its shape is
 * an outcome too, so that its state is spent like any other.
 */
export interface AuthorizationResponse {
  readonly state: string
  readonly iss: string | undefined
  readonly outcome:
    | { readonly kind: 'code'; readonly code: Secret }
    | { readonly kind: 'denied'; readonly error: AuthorizationDeniedError }
    | { readonly kind: 'malformed'; readonly error: CallbackInvalidError }
}

const MAX_VALUE_LENGTH = 4_096
const MAX_QUERY_LENGTH = 16_384
/** What error codes look like (RFC 6749 §4.1.2.1); anything else is whatever somebody wrote into a URL. */
const ERROR_CODE = /^[a-z_]{1,40}$/

/**
 * Reads a callback. A parameter given twice, both a code and an error, control or non-ASCII characters, or anything
 * oversized is malformed (RFC 6749 §3.1: parameters must not repeat).
 * @param codeParameters where the provider puts its code, best first (`auth_code` before `code` at TikTok)
 * @throws CallbackInvalidError when there is not exactly one well-formed state
 */
export function parseCallback(callback: Callback, codeParameters: readonly string[]): AuthorizationResponse {
  const isQuery = callback instanceof URLSearchParams
  const state = sound('state', isQuery ? single(callback, 'state') : callback.state)
  if (state === undefined) throw new CallbackInvalidError('it has no state')
  try {
    return { state, ...(isQuery ? fromQuery(callback, codeParameters) : fromObject(callback)) }
  } catch (error) {
    if (!(error instanceof CallbackInvalidError)) throw error
    return { state, iss: undefined, outcome: { kind: 'malformed', error } }
  }
}

type Rest = Omit<AuthorizationResponse, 'state'>

function fromObject({ code, error, iss }: CallbackParameters): Rest {
  return {
    iss: sound('iss', iss),
    outcome: outcomeOf(sound('code', code), soundError(error)),
  }
}

function fromQuery(query: URLSearchParams, codeParameters: readonly string[]): Rest {
  if (query.toString().length > MAX_QUERY_LENGTH) throw new CallbackInvalidError('it is too long')
  const code = codeParameters.map((name) => single(query, name)).find((value) => value !== undefined)
  return {
    iss: sound('iss', single(query, 'iss')),
    outcome: outcomeOf(sound('code', code), soundError(single(query, 'error'))),
  }
}

function outcomeOf(code: string | undefined, error: string | undefined): AuthorizationResponse['outcome'] {
  if (code === undefined) {
    const reason = error === undefined ? 'no_code' : ERROR_CODE.test(error) ? error : 'other'
    return { kind: 'denied', error: new AuthorizationDeniedError(reason) }
  }
  if (error !== undefined) throw new CallbackInvalidError('it has both a code and an error')
  return { kind: 'code', code: new Secret(code) }
}

function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw new CallbackInvalidError(`${name} is given more than once`)
  return values[0]
}

function sound(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new CallbackInvalidError(`${name} is not text`)
  if (value.length === 0 || value.length > MAX_VALUE_LENGTH || !/^[\x20-\x7e]+$/.test(value)) {
    throw new CallbackInvalidError(`${name} is empty, too long or not ASCII`)
  }
  return value
}

function soundError(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > MAX_QUERY_LENGTH)
    throw new CallbackInvalidError('error is not text')
  return value
}
