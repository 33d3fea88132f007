import { emulatorApps } from '../apps.ts'
import { jsonAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Issue, Lineage, TokenWish } from '../ledger.ts'
import { isVerifierRight } from '../pkce.ts'
import { spendRefreshToken } from '../rotation.ts'
import { isAuthenticClient, oauthError } from '../token-endpoint.ts'
import type { World } from '../world.ts'
import type { GoogleConsents } from './authorization.ts'
import type { GoogleIdentity } from './identity.ts'

/** How many refresh tokens one person may have with one client before the oldest dies. */
const maxRefreshTokens = 100

/** Google's token endpoint. */
export function googleToken(world: World, identity: GoogleIdentity, call: Call): Answer {
  if (!isAuthenticClient(call, emulatorApps.google_ads, ['client_secret_basic', 'client_secret_post'])) {
    return oauthError(401, 'invalid_client', 'The provided client secret is invalid.')
  }
  switch (call.form.get('grant_type')) {
    case 'authorization_code':
      return exchangeCode(world, identity, call.form)
    case 'refresh_token':
      return refresh(world, identity, call.form)
    default:
      return oauthError(400, 'unsupported_grant_type', 'Invalid grant_type')
  }
}

/** Revoking any token ends all that the person granted to this app. */
export function googleRevocation(world: World, consents: GoogleConsents, call: Call): Answer {
  const value = call.form.get('token') ?? call.query.get('token') ?? ''
  const token = world.ledger.find('google_ads', value)
  if (!token || !world.ledger.isHonoured(token)) {
    return oauthError(400, 'invalid_token', 'Token expired or revoked')
  }
  const { person } = token.lineage
  for (const lineage of world.ledger.lineages('google_ads', person)) world.ledger.end(lineage, 'revoked')
  consents.forget(person)
  return jsonAnswer(200, {})
}

function exchangeCode(world: World, identity: GoogleIdentity, form: URLSearchParams): Answer {
  const found = world.ledger.findCode('google_ads', form.get('code') ?? '')
  if (found.outcome === 'unknown') return oauthError(400, 'invalid_grant', 'Malformed auth code.')
  if (found.outcome !== 'valid') return oauthError(400, 'invalid_grant', 'Bad Request')
  const { details } = found
  if (details.redirectUri !== form.get('redirect_uri'))
    return oauthError(400, 'redirect_uri_mismatch', 'Bad Request')
  const verifier = form.get('code_verifier')
  if (details.codeChallenge !== undefined && verifier === null) {
    return oauthError(400, 'invalid_grant', 'Missing code verifier.')
  }
  if (!isVerifierRight(details, verifier)) return oauthError(400, 'invalid_grant', 'Invalid code verifier.')
  const lineage = world.ledger.open(details)
  found.use(lineage)
  const refreshWish = details.isOffline ? successor(world) : undefined
  const issue = world.ledger.issue(lineage, { access: access(world), refresh: refreshWish })
  if (refreshWish) crowdOut(world, lineage.person)
  return tokenAnswer(world, identity, { lineage, issue, nonce: details.nonce })
}

function refresh(world: World, identity: GoogleIdentity, form: URLSearchParams): Answer {
  const token = world.ledger.find('google_ads', form.get('refresh_token') ?? '')
  if (token?.kind !== 'refresh') return oauthError(400, 'invalid_grant', 'Bad Request')
  const issue = spendRefreshToken(world, token, { access: access(world), successor: () => successor(world) })
  if (!issue) return oauthError(400, 'invalid_grant', 'Token has been expired or revoked.')
  return tokenAnswer(world, identity, { lineage: token.lineage, issue, nonce: undefined })
}

function crowdOut(world: World, person: string): void {
  const live = world.ledger
    .lineages('google_ads', person)
    .flatMap(({ tokens }) =>
      tokens.filter((token) => token.kind === 'refresh' && world.ledger.isHonoured(token)),
    )
  for (const oldest of live.slice(0, -maxRefreshTokens)) oldest.state = 'revoked'
}

function access(world: World): TokenWish {
  return { value: world.ledger.mint('ya29.a0', 80), seconds: world.settings.lifetimes('google_ads').access }
}

function successor(world: World): TokenWish {
  return { value: world.ledger.mint('1//0g', 80), seconds: world.settings.lifetimes('google_ads').refresh }
}

function tokenAnswer(
  world: World,
  identity: GoogleIdentity,
  given: { readonly lineage: Lineage; readonly issue: Issue; readonly nonce: string | undefined },
): Answer {
  const { lineage, issue, nonce } = given
  const { access: seconds, refresh: refreshSeconds } = world.settings.lifetimes('google_ads')
  const body = {
    access_token: issue.access,
    ...(seconds === null ? {} : { expires_in: seconds }),
    ...(issue.refresh === undefined ? {} : { refresh_token: issue.refresh }),
    ...(issue.refresh === undefined || refreshSeconds === null
      ? {}
      : { refresh_token_expires_in: refreshSeconds }),
    scope: lineage.scopes.join(' '),
    token_type: 'Bearer',
    ...(lineage.scopes.includes('openid') ? { id_token: identity.idToken(world, lineage, nonce) } : {}),
  }
  return { ...jsonAnswer(200, body), issue }
}
