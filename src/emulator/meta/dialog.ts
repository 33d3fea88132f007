import { emulatorApps } from '../apps.ts'
import { consentPage, readDecision, readRequest, refusalPage } from '../consent-page.ts'
import { redirectAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import { emulatorPeople, isPersonOf } from '../people.ts'
import type { World } from '../world.ts'
import type { MetaPermissions } from './permissions.ts'

const scopesOfConfiguration = ['ads_read', 'ads_management', 'business_management']
const labels: Readonly<Record<string, string>> = {
  ads_read: 'Read your ads and their statistics',
  ads_management: 'Manage your ads',
  business_management: 'Manage your business',
}

/** Facebook's login dialog. What is wrong with the app or its redirect URI is never sent back to the app. */
export function metaDialog(world: World, permissions: MetaPermissions, call: Call): Answer {
  const request = call.method === 'POST' ? readRequest(call.form) : call.query
  const redirectUri = request.get('redirect_uri')
  if (request.get('client_id') !== emulatorApps.meta.clientId) {
    return refusalPage('Invalid App ID', 'The provided app ID does not look like a valid app ID.')
  }
  if (!world.isRegisteredRedirect(redirectUri)) {
    return refusalPage(
      'URL Blocked',
      'The redirect URI is not allowlisted in the app’s client OAuth settings.',
    )
  }
  if ((request.get('response_type') ?? 'code') !== 'code') {
    return refusalPage('Invalid Parameter', 'Only response_type=code is emulated.')
  }
  const scopes = scopesAsked(request)
  if (call.method !== 'POST') {
    return consentPage({
      platformName: 'Meta',
      appName: 'Emulated app',
      action: `/meta${call.path}`,
      parameters: request,
      people: emulatorPeople.meta,
      scopes: scopes.map((id) => ({ id, label: labels[id] ?? id })),
    })
  }
  return decide(world, permissions, { form: call.form, request, redirectUri, scopes })
}

function decide(
  world: World,
  permissions: MetaPermissions,
  asked: { form: URLSearchParams; request: URLSearchParams; redirectUri: string; scopes: readonly string[] },
): Answer {
  const { request, redirectUri, scopes } = asked
  const { isAllowed, person, ticked } = readDecision(asked.form)
  const state = request.get('state')
  if (!isPersonOf('meta', person)) {
    return refusalPage('Log in to Facebook', 'Nobody by that name can sign in.')
  }
  if (!isAllowed) {
    const denial = {
      error: 'access_denied',
      error_code: '200',
      error_description: 'Permissions error',
      error_reason: 'user_denied',
      state,
    }
    return redirectAnswer(redirectUri, denial, '#_=_')
  }
  const granted = permissions.decide(person, {
    asked: scopes,
    ticked,
    isRerequest: request.get('auth_type') === 'rerequest',
  })
  const code = world.ledger.rememberCode(
    world.ledger.mint('AQ', 80),
    { platform: 'meta', clientId: emulatorApps.meta.clientId, person, redirectUri, scopes: granted },
    world.settings.lifetimes('meta').code,
  )
  return redirectAnswer(redirectUri, { code, state }, '#_=_')
}

function scopesAsked(request: URLSearchParams): readonly string[] {
  if (request.has('config_id')) return scopesOfConfiguration
  return (request.get('scope') ?? '').split(/[\s,]+/).filter((scope) => scope !== '')
}
