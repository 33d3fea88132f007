import { emulatorApps } from '../apps.ts'
import { jsonAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Issue, Lineage, TokenWish } from '../ledger.ts'
import { isVerifierRight } from '../pkce.ts'
import { spendRefreshToken } from '../rotation.ts'
import { isAuthenticClient, oauthError } from '../token-endpoint.ts'
import type { World } from '../world.ts'

/** The token endpoint: `authorization_code` and `refresh_token`, the latter by the rotation mode in force. */
export function standardToken(world: World, call: Call): Answer {
  if (call.method !== 'POST') return oauthError(400, 'invalid_request', 'POST is required')
  if (!isAuthenticClient(call, emulatorApps.standard, ['client_secret_basic', 'client_secret_post'])) {
    return oauthError(401, 'invalid_client')
  }
  switch (call.form.get('grant_type')) {
    case 'authorization_code':
      return exchangeCode(world, call.form)
    case 'refresh_token':
      return refresh(world, call.form)
    default:
      return oauthError(400, 'unsupported_grant_type')
  }
}

function exchangeCode(world: World, form: URLSearchParams): Answer {
  const found = world.ledger.findCode('standard', form.get('code') ?? '')
  // RFC 6749 section 4.1.2: what a code gave is taken back when the code turns up again.
  if (found.outcome === 'used') world.ledger.end(found.lineage, 'reuse')
  if (found.outcome !== 'valid')
    return oauthError(400, 'invalid_grant', 'The code is unknown, expired or used')
  if (found.details.redirectUri !== form.get('redirect_uri')) {
    return oauthError(400, 'invalid_grant', 'The redirect_uri differs')
  }
  if (!isVerifierRight(found.details, form.get('code_verifier'))) {
    return oauthError(400, 'invalid_grant', 'The code_verifier does not match')
  }
  const lineage = world.ledger.open(found.details)
  found.use(lineage)
  return tokenAnswer(
    world,
    lineage,
    world.ledger.issue(lineage, { access: access(world), refresh: successor(world) }),
  )
}

function refresh(world: World, form: URLSearchParams): Answer {
  const token = world.ledger.find('standard', form.get('refresh_token') ?? '')
  const issue =
    token?.kind === 'refresh'
      ? spendRefreshToken(world, token, { access: access(world), successor: () => successor(world) })
      : undefined
  if (!token || !issue)
    return oauthError(400, 'invalid_grant', 'The refresh token is unknown, expired or revoked')
  return tokenAnswer(world, token.lineage, issue)
}

function access(world: World): TokenWish {
  return { value: world.ledger.mint('sat_', 43), seconds: world.settings.lifetimes('standard').access }
}

function successor(world: World): TokenWish {
  return { value: world.ledger.mint('srt_', 43), seconds: world.settings.lifetimes('standard').refresh }
}

function tokenAnswer(world: World, lineage: Lineage, issue: Issue): Answer {
  const { access: seconds } = world.settings.lifetimes('standard')
  const body = {
    access_token: issue.access,
    token_type: 'Bearer',
    ...(seconds === null ? {} : { expires_in: seconds }),
    ...(issue.refresh === undefined ? {} : { refresh_token: issue.refresh }),
    scope: lineage.scopes.join(' '),
  }
  return { ...jsonAnswer(200, body), issue }
}
