import type { AuthorizationRequest, AuthorizationTraits } from '../../../ports/provider-client.ts'
import type { ParsedDefinition } from './definition.ts'

/** The authorization request as a URL (RFC 6749 §4.1.1, RFC 7636 §4.3); the protocol's own parameters are set last. */
export function authorizationUrl(
  definition: ParsedDefinition,
  traits: AuthorizationTraits,
  request: AuthorizationRequest,
): string {
  const { clientIdParameter, parameters, scopeSeparator } = definition.authorization
  const url = new URL(definition.endpoints.authorization)
  const query = new URLSearchParams(url.search)
  for (const [name, value] of Object.entries(parameters)) query.set(name, value)
  query.set('response_type', 'code')
  query.set(clientIdParameter, traits.clientId)
  query.set('redirect_uri', traits.redirectUri)
  if (scopeSeparator !== 'none' && traits.scopes.length > 0) {
    query.set('scope', traits.scopes.join(scopeSeparator))
  }
  query.set('state', request.state)
  if (traits.pkce.method === 'S256' && request.codeChallenge !== undefined) {
    query.set('code_challenge', request.codeChallenge)
    query.set('code_challenge_method', 'S256')
  }
  // Some platforms take a plus for a plus (RFC 3986) where a form would mean a space.
  url.search = query.toString().replaceAll('+', '%20')
  return url.href
}
