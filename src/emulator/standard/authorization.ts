import { emulatorApps } from '../apps.ts'
import { consentPage, readDecision, readRequest, refusalPage } from '../consent-page.ts'
import { redirectAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import { emulatorPeople, isPersonOf } from '../people.ts'
import type { World } from '../world.ts'

/** The authorization endpoint. PKCE with S256 is required, and every response names its issuer (RFC 9207). */
export function standardAuthorization(world: World, call: Call): Answer {
  const request = call.method === 'POST' ? readRequest(call.form) : call.query
  const redirectUri = request.get('redirect_uri')
  if (request.get('client_id') !== emulatorApps.standard.clientId) {
    return refusalPage('Unknown client', 'No client is registered under that client_id.')
  }
  if (!world.isRegisteredRedirect(redirectUri)) {
    return refusalPage('Redirect URI mismatch', 'The redirect_uri is not registered for this client.')
  }
  const respond = (parameters: Readonly<Record<string, string>>): Answer =>
    redirectAnswer(redirectUri, {
      ...parameters,
      state: request.get('state'),
      iss: `${call.origin}/standard`,
    })
  if (request.get('response_type') !== 'code') return respond({ error: 'unsupported_response_type' })
  const codeChallenge = request.get('code_challenge')
  if (codeChallenge === null || request.get('code_challenge_method') !== 'S256') {
    return respond({ error: 'invalid_request', error_description: 'code_challenge with S256 is required' })
  }
  const scopes = (request.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (call.method !== 'POST') {
    return consentPage({
      platformName: 'the standard server',
      appName: 'Emulated app',
      action: '/standard/authorize',
      parameters: request,
      people: emulatorPeople.standard,
      scopes: scopes.map((id) => ({ id, label: id })),
    })
  }
  const { isAllowed, person, ticked } = readDecision(call.form)
  if (!isPersonOf('standard', person)) {
    return refusalPage('Sign in', 'Nobody by that name can sign in.')
  }
  if (!isAllowed) return respond({ error: 'access_denied', error_description: 'The person declined' })
  const details = {
    platform: 'standard',
    clientId: emulatorApps.standard.clientId,
    person,
    redirectUri,
    scopes: scopes.filter((scope) => ticked.includes(scope)),
    codeChallenge,
    codeChallengeMethod: 'S256',
  } as const
  const code = world.ledger.mint('sc_', 43)
  return respond({
    code: world.ledger.rememberCode(code, details, world.settings.lifetimes('standard').code),
  })
}
