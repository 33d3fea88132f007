import { emulatorApps } from '../apps.ts'
import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Call, Route } from '../exchange.ts'
import type { PlatformService } from '../server.ts'
import type { World } from '../world.ts'
import { listAccessibleCustomers, searchCustomers } from './ads-api.ts'
import { adsError, quotaError } from './ads-error.ts'
import { googleAuthorization, GoogleConsents } from './authorization.ts'
import { claimsOf, GoogleIdentity } from './identity.ts'
import { googleRevocation, googleToken } from './token.ts'

const oldestVersion = 22
const newestVersion = 25

/** Google's OAuth endpoints and the account discovery of the Google Ads API. */
export function googleAdsService(world: World): PlatformService {
  const consents = new GoogleConsents()
  const identity = new GoogleIdentity()
  return {
    platform: 'google_ads',
    clientId: emulatorApps.google_ads.clientId,
    prefix: '/google',
    throttled: () => quotaError(1),
    forget: (person) => consents.forget(person),
    route: (call) => {
      const refreshToken = call.form.get('refresh_token')
      switch (call.path) {
        case '/o/oauth2/v2/auth':
          return { names: ['dialog'], handle: () => googleAuthorization(world, consents, call) }
        case '/token':
          return {
            names: ['token', refreshToken === null ? 'exchange' : 'refresh'],
            ...(refreshToken === null ? {} : { credential: refreshToken }),
            handle: () => googleToken(world, identity, call),
          }
        case '/revoke':
          return { names: ['revoke'], handle: () => googleRevocation(world, consents, call) }
        case '/oauth2/v3/certs':
          return { names: ['certs'], handle: () => identity.certificates() }
        case '/oauth2/v3/userinfo':
          return { names: ['userinfo'], handle: () => userinfo(world, call) }
        case '/tokeninfo':
          return { names: ['tokeninfo'], handle: () => tokeninfo(world, call) }
        default:
          return adsRoute(world, call)
      }
    },
  }
}

function adsRoute(world: World, call: Call): Route | undefined {
  const [, version, rest = ''] = /^\/ads\/v(\d+)\/(.+)$/.exec(call.path) ?? []
  if (version === undefined || Number(version) < oldestVersion) return undefined
  if (Number(version) > newestVersion) {
    const errorCode = { requestError: 'UNSUPPORTED_VERSION' }
    const unsupported = { status: 400, message: 'The version is not supported.', errorCode } as const
    return { names: ['api'], handle: () => adsError(unsupported) }
  }
  if (rest === 'customers:listAccessibleCustomers' && call.method === 'GET') {
    return { names: ['api', 'accounts'], handle: () => listAccessibleCustomers(world, call) }
  }
  const [, customerId, method] = /^customers\/([^/]+)\/googleAds:(search|searchStream)$/.exec(rest) ?? []
  if (customerId === undefined || call.method !== 'POST') return undefined
  const target = { customerId, isStream: method === 'searchStream' }
  return { names: ['api', 'search'], handle: () => searchCustomers(world, call, target) }
}

function userinfo(world: World, call: Call): Answer {
  const token = world.ledger.find('google_ads', authorizationOf(call, 'Bearer') ?? '')
  if (
    token?.kind !== 'access' ||
    !world.ledger.isHonoured(token) ||
    !token.lineage.scopes.includes('openid')
  ) {
    return jsonAnswer(401, { error: 'invalid_request', error_description: 'Invalid Credentials' })
  }
  return jsonAnswer(200, { ...claimsOf(token.lineage) })
}

function tokeninfo(world: World, call: Call): Answer {
  const value =
    call.query.get('access_token') ?? call.form.get('access_token') ?? authorizationOf(call, 'Bearer') ?? ''
  const token = world.ledger.find('google_ads', value)
  if (token?.kind !== 'access' || !world.ledger.isHonoured(token)) {
    return jsonAnswer(400, { error: 'invalid_token', error_description: 'Invalid Value' })
  }
  const { clientId, scopes } = token.lineage
  const left = token.expiresAt === null ? 0 : Math.floor((token.expiresAt - world.now()) / 1000)
  return jsonAnswer(200, { azp: clientId, aud: clientId, scope: scopes.join(' '), expires_in: String(left) })
}
