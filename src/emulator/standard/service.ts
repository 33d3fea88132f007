import { emulatorApps } from '../apps.ts'
import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import { emulatorPeople, isGuest, stableId } from '../people.ts'
import type { PlatformService } from '../server.ts'
import { isAuthenticClient, oauthError } from '../token-endpoint.ts'
import type { World } from '../world.ts'
import { standardAuthorization } from './authorization.ts'
import { standardToken } from './token.ts'

const counts: Readonly<Record<string, number>> = { ada: 3, sol: 1 }

/** A plain authorization server: RFC 6749, 7636, 7009, 8414, 9207, with refresh tokens that rotate as told. */
export function standardService(world: World): PlatformService {
  return {
    platform: 'standard',
    clientId: emulatorApps.standard.clientId,
    prefix: '/standard',
    throttled: () => jsonAnswer(429, { error: 'temporarily_unavailable' }, { 'retry-after': '1' }),
    route: (call) => {
      const refreshToken = call.form.get('refresh_token')
      switch (call.path) {
        case '/authorize':
          return { names: ['dialog'], handle: () => standardAuthorization(world, call) }
        case '/token':
          return {
            names: ['token', refreshToken === null ? 'exchange' : 'refresh'],
            ...(refreshToken === null ? {} : { credential: refreshToken }),
            handle: () => standardToken(world, call),
          }
        case '/revoke':
          return { names: ['revoke'], handle: () => revoke(world, call) }
        case '/me':
          return { names: ['api', 'accounts', 'me'], handle: () => me(world, call) }
        case '/.well-known/openid-configuration':
        case '/.well-known/oauth-authorization-server':
          return { names: ['metadata'], handle: () => metadata(call) }
        default:
          return undefined
      }
    },
  }
}

/** Revoking either token ends the grant (RFC 7009 section 2.1); an unknown token is as good as revoked. */
function revoke(world: World, call: Call): Answer {
  if (!isAuthenticClient(call, emulatorApps.standard, ['client_secret_basic', 'client_secret_post'])) {
    return oauthError(401, 'invalid_client')
  }
  const token = world.ledger.find('standard', call.form.get('token') ?? '')
  if (token) world.ledger.end(token.lineage, 'revoked')
  return { status: 200, headers: {}, body: '' }
}

function me(world: World, call: Call): Answer {
  const token = world.ledger.find('standard', authorizationOf(call, 'Bearer') ?? '')
  if (token?.kind !== 'access' || !world.ledger.isHonoured(token)) {
    return jsonAnswer(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' })
  }
  world.ledger.noteUse(token)
  const { person, scopes } = token.lineage
  const accounts = Array.from({ length: counts[person] ?? (isGuest(person) ? 1 : 0) }, (_, index) => ({
    id: stableId(`standard ${person} ${index}`, 10),
    name: `${person} account ${index + 1}`,
  }))
  const name = emulatorPeople.standard.find(({ id }) => id === person)?.name ?? person
  return jsonAnswer(200, { sub: stableId(`standard ${person}`, 12), name, scope: scopes.join(' '), accounts })
}

function metadata(call: Call): Answer {
  const base = `${call.origin}/standard`
  return jsonAnswer(200, {
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    revocation_endpoint: `${base}/revoke`,
    userinfo_endpoint: `${base}/me`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
  })
}
