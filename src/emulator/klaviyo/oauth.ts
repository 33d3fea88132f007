import { emulatorApps } from '../apps.ts'
import { consentPage, readDecision, readRequest, refusalPage } from '../consent-page.ts'
import { jsonAnswer, redirectAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Issue, Lineage, TokenWish } from '../ledger.ts'
import { emulatorPeople, isPersonOf } from '../people.ts'
import { isVerifierRight } from '../pkce.ts'
import { spendRefreshToken } from '../rotation.ts'
import { isAuthenticClient, oauthError } from '../token-endpoint.ts'
import type { World } from '../world.ts'

/** Klaviyo's authorization page; PKCE with S256 is mandatory. */
export function klaviyoAuthorization(world: World, call: Call): Answer {
  const request = call.method === 'POST' ? readRequest(call.form) : call.query
  const redirectUri = request.get('redirect_uri')
  if (request.get('client_id') !== emulatorApps.klaviyo.clientId) {
    return refusalPage('Invalid client', 'There is no app with that client id.')
  }
  if (!world.isRegisteredRedirect(redirectUri)) {
    return refusalPage('Invalid redirect', 'The redirect URI is not registered for this app.')
  }
  const respond = (parameters: Readonly<Record<string, string>>): Answer =>
    redirectAnswer(redirectUri, { ...parameters, state: request.get('state') })
  const codeChallenge = request.get('code_challenge')
  if (codeChallenge === null || request.get('code_challenge_method') !== 'S256') {
    return respond({ error: 'invalid_request', error_description: 'PKCE with S256 is required' })
  }
  const scopes = (request.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (call.method !== 'POST') {
    return consentPage({
      platformName: 'Klaviyo',
      appName: 'Emulated app',
      action: '/klaviyo/oauth/authorize',
      parameters: request,
      people: emulatorPeople.klaviyo,
      // Klaviyo grants all or nothing.
      scopes: [],
    })
  }
  const { isAllowed, person } = readDecision(call.form)
  if (!isPersonOf('klaviyo', person)) {
    return refusalPage('Log in to Klaviyo', 'Nobody by that name can sign in.')
  }
  if (!isAllowed) return respond({ error: 'access_denied', error_description: 'The user denied access' })
  const details = {
    platform: 'klaviyo',
    clientId: emulatorApps.klaviyo.clientId,
    person,
    redirectUri,
    scopes,
    codeChallenge,
    codeChallengeMethod: 'S256',
  } as const
  const code = world.ledger.mint('', 40)
  return respond({ code: world.ledger.rememberCode(code, details, world.settings.lifetimes('klaviyo').code) })
}

/** Klaviyo's token endpoint: Basic only. */
export function klaviyoToken(world: World, call: Call): Answer {
  if (!isAuthenticClient(call, emulatorApps.klaviyo, ['client_secret_basic']))
    return oauthError(401, 'invalid_client')
  switch (call.form.get('grant_type')) {
    case 'authorization_code':
      return exchangeCode(world, call.form)
    case 'refresh_token':
      return refresh(world, call.form)
    default:
      return oauthError(400, 'unsupported_grant_type')
  }
}

/** Revoking removes the app from the account. */
export function klaviyoRevocation(world: World, call: Call): Answer {
  if (!isAuthenticClient(call, emulatorApps.klaviyo, ['client_secret_basic']))
    return oauthError(401, 'invalid_client')
  const token = world.ledger.find('klaviyo', call.form.get('token') ?? '')
  if (token) {
    const { person } = token.lineage
    for (const lineage of world.ledger.lineages('klaviyo', person)) world.ledger.end(lineage, 'revoked')
  }
  return { status: 200, headers: {}, body: '' }
}

function exchangeCode(world: World, form: URLSearchParams): Answer {
  const found = world.ledger.findCode('klaviyo', form.get('code') ?? '')
  if (found.outcome !== 'valid')
    return oauthError(400, 'invalid_grant', 'The code is unknown, expired or used')
  if (found.details.redirectUri !== form.get('redirect_uri')) return oauthError(400, 'invalid_redirect_uri')
  if (!isVerifierRight(found.details, form.get('code_verifier')))
    return oauthError(400, 'invalid_code_verifier')
  const lineage = world.ledger.open(found.details)
  found.use(lineage)
  const issue = world.ledger.issue(lineage, { access: access(world), refresh: successor(world) })
  return tokenAnswer(world, lineage, issue)
}

/** Every answer carries a refresh token, whether or not it differs from the one that was used. */
function refresh(world: World, form: URLSearchParams): Answer {
  const token = world.ledger.find('klaviyo', form.get('refresh_token') ?? '')
  if (token?.kind !== 'refresh') return oauthError(400, 'invalid_grant', 'The refresh token is not known')
  const issue = spendRefreshToken(world, token, { access: access(world), successor: () => successor(world) })
  if (!issue) return oauthError(400, 'invalid_grant_type', 'The refresh token has expired or was revoked')
  return tokenAnswer(world, token.lineage, issue, token.value)
}

function access(world: World): TokenWish {
  return { value: world.ledger.mint('', 64), seconds: world.settings.lifetimes('klaviyo').access }
}

function successor(world: World): TokenWish {
  return { value: world.ledger.mint('', 64), seconds: world.settings.lifetimes('klaviyo').refresh }
}

function tokenAnswer(world: World, lineage: Lineage, issue: Issue, usedRefreshToken = ''): Answer {
  const { access: seconds } = world.settings.lifetimes('klaviyo')
  const body = {
    access_token: issue.access,
    token_type: 'Bearer',
    ...(seconds === null ? {} : { expires_in: seconds }),
    refresh_token: issue.refresh ?? usedRefreshToken,
    scope: lineage.scopes.join(' '),
  }
  return { ...jsonAnswer(200, body), issue }
}
