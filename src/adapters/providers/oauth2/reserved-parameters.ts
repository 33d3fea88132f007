/** What the protocol itself says in an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9101 §5). */
const AUTHORIZATION = [
  'client_id',
  'client_secret',
  'redirect_uri',
  'response_type',
  'state',
  'scope',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
]

/** What the protocol itself says in a token request (RFC 6749 §4.1.3 and §6); `scope` may be sent on a refresh. */
const TOKEN = [
  'grant_type',
  'code',
  'redirect_uri',
  'client_id',
  'client_secret',
  'code_verifier',
  'refresh_token',
]

const NEVER = ['__proto__', 'constructor', 'prototype']

/** The names among `given` that a definition may not use: with one of them it could undo what binds a flow (RFC 9700 §4.5.4). */
export function reservedParameters(
  of: 'authorization' | 'token',
  given: readonly string[],
): readonly string[] {
  const reserved = new Set([...(of === 'authorization' ? AUTHORIZATION : TOKEN), ...NEVER])
  return given.filter((name) => reserved.has(name.toLowerCase()))
}
