import { emulatorApps } from '../apps.ts'
import { consentPage, readDecision, readRequest, refusalPage } from '../consent-page.ts'
import type { ConsentDecision } from '../consent-page.ts'
import { redirectAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import { emulatorPeople, isPersonOf } from '../people.ts'
import type { World } from '../world.ts'
import { adwordsScope } from './ads-api.ts'

export const googleIssuer = 'https://accounts.google.com'

const labels: Readonly<Record<string, string>> = {
  [adwordsScope]: 'See, edit, create and delete your Google Ads accounts and data',
  openid: 'Associate you with your personal info on Google',
  email: 'See your primary Google Account email address',
  profile: 'See your personal info',
}

/** Who has consented before: a refresh token comes with the first consent, or with `prompt=consent`. */
export class GoogleConsents {
  readonly #people = new Set<string>()

  isFirst(person: string): boolean {
    const isFirst = !this.#people.has(person)
    this.#people.add(person)
    return isFirst
  }

  forget(person: string): void {
    this.#people.delete(person)
  }
}

/** Google's consent page, with a tick box for each permission. */
export function googleAuthorization(world: World, consents: GoogleConsents, call: Call): Answer {
  const request = call.method === 'POST' ? readRequest(call.form) : call.query
  const redirectUri = request.get('redirect_uri')
  if (request.get('client_id') !== emulatorApps.google_ads.clientId) {
    return refusalPage('Error 401: invalid_client', 'The OAuth client was not found.')
  }
  if (!world.isRegisteredRedirect(redirectUri)) {
    return refusalPage(
      'Error 400: redirect_uri_mismatch',
      'The redirect URI is not registered for this client.',
    )
  }
  const scopes = (request.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (request.get('response_type') !== 'code' || scopes.length === 0) {
    return refusalPage('Error 400: invalid_request', 'response_type=code and a scope are required.')
  }
  if (request.get('prompt') === 'none') {
    return redirectAnswer(redirectUri, { error: 'interaction_required', state: request.get('state') })
  }
  if (call.method !== 'POST') {
    return consentPage({
      platformName: 'Google',
      appName: 'Emulated app',
      action: '/google/o/oauth2/v2/auth',
      parameters: request,
      people: emulatorPeople.google_ads,
      scopes: scopes.map((id) => ({ id, label: labels[id] ?? id })),
      chosen: personOfHint(request.get('login_hint')),
    })
  }
  return decide(world, consents, { request, redirectUri, scopes, decision: readDecision(call.form) })
}

function decide(
  world: World,
  consents: GoogleConsents,
  asked: {
    request: URLSearchParams
    redirectUri: string
    scopes: readonly string[]
    decision: ConsentDecision
  },
): Answer {
  const { request, redirectUri, scopes, decision } = asked
  const { person } = decision
  const state = request.get('state')
  if (!isPersonOf('google_ads', person)) {
    return refusalPage('Sign in', 'Couldn’t find your Google Account.')
  }
  const granted = scopes.filter((scope) => decision.ticked.includes(scope) && !isDeclinedBy(person, scope))
  if (!decision.isAllowed || decision.ticked.length === 0) {
    return redirectAnswer(redirectUri, { error: 'access_denied', state })
  }
  const isPrompted = (request.get('prompt') ?? '').split(' ').includes('consent')
  const isFirst = consents.isFirst(person)
  const code = world.ledger.rememberCode(
    world.ledger.mint('4/0A', 70),
    {
      platform: 'google_ads',
      clientId: emulatorApps.google_ads.clientId,
      person,
      redirectUri,
      scopes: granted,
      codeChallenge: request.get('code_challenge') ?? undefined,
      codeChallengeMethod: request.get('code_challenge_method') ?? 'plain',
      isOffline: request.get('access_type') === 'offline' && (isFirst || isPrompted),
      nonce: request.get('nonce') ?? undefined,
    },
    world.settings.lifetimes('google_ads').code,
  )
  return redirectAnswer(redirectUri, {
    state,
    iss: googleIssuer,
    code,
    scope: granted.join(' '),
    authuser: '0',
  })
}

function isDeclinedBy(person: string, scope: string): boolean {
  return person === 'dana' && scope === adwordsScope
}

function personOfHint(hint: string | null): string | undefined {
  return emulatorPeople.google_ads.find(({ id }) => hint === id || hint === `${id}@example.test`)?.id
}
