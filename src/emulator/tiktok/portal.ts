import { emulatorApps } from '../apps.ts'
import { consentPage, linkPage, readDecision, readRequest, refusalPage } from '../consent-page.ts'
import { redirectAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import { emulatorPeople, isPersonOf } from '../people.ts'
import type { World } from '../world.ts'

const permissions = [
  { id: '1', label: 'Ad Account Management' },
  { id: '2', label: 'Ads Management' },
  { id: '4', label: 'Reporting' },
]

/** The authorization portal. The app's permissions are fixed there; the advertiser may grant fewer. */
export function tiktokPortal(world: World, call: Call): Answer {
  const request = call.method === 'POST' ? readRequest(call.form) : call.query
  const redirectUri = request.get('redirect_uri')
  if (request.get('app_id') !== emulatorApps.tiktok.clientId) {
    return refusalPage('App not found', 'There is no app with that app_id.')
  }
  if (!world.isRegisteredRedirect(redirectUri)) {
    return refusalPage('Redirect URL mismatch', 'The redirect_uri is not among the app’s redirect URLs.')
  }
  if (call.method !== 'POST') {
    return consentPage({
      platformName: 'TikTok',
      appName: 'Emulated app',
      action: '/tiktok/portal/auth',
      parameters: request,
      people: emulatorPeople.tiktok,
      scopes: permissions,
    })
  }
  const { isAllowed, person, ticked } = readDecision(call.form)
  const state = request.get('state')
  if (!isPersonOf('tiktok', person)) {
    return refusalPage('Log in to TikTok for Business', 'Nobody by that name can sign in.')
  }
  if (!isAllowed) {
    // TikTok reports no denial to the app: the person stays on its page, and may walk back by themselves.
    const back = redirectAnswer(redirectUri, { state }).headers['location'] ?? redirectUri
    return linkPage('Authorization was not granted', { href: back, text: 'Back to the app' })
  }
  const granted = ticked.filter(
    (scope) => permissions.some(({ id }) => id === scope) && !isDeclinedBy(person, scope),
  )
  const code = world.ledger.rememberCode(
    world.ledger.mint('', 40, 'hex'),
    { platform: 'tiktok', clientId: emulatorApps.tiktok.clientId, person, redirectUri, scopes: granted },
    world.settings.lifetimes('tiktok').code,
  )
  return redirectAnswer(redirectUri, { state, code, auth_code: code })
}

function isDeclinedBy(person: string, scope: string): boolean {
  return person === 'dana' && scope === '2'
}
