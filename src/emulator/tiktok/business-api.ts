import { emulatorApps } from '../apps.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Lineage } from '../ledger.ts'
import type { World } from '../world.ts'
import { advertisersOf } from './advertisers.ts'
import { tiktokAnswer } from './envelope.ts'

const maxIds = 100
const usualFields = ['advertiser_id', 'name', 'status', 'currency', 'timezone', 'role']

/** `oauth2/access_token/`: no expiry and no refresh token in the answer, unless lifetimes were asked for. */
export function exchangeAuthCode(world: World, call: Call): Answer {
  const { app_id: appId, secret, auth_code: authCode } = call.json
  if (!isApp(appId, secret)) return wrongApp()
  if (typeof authCode !== 'string') return tiktokAnswer(40002, 'auth_code: Missing data for required field.')
  const found = world.ledger.findCode('tiktok', authCode)
  if (found.outcome === 'unknown') return tiktokAnswer(40101, 'The auth_code is not correct.')
  if (found.outcome !== 'valid') return tiktokAnswer(40110, 'Auth_code is used or expired.')
  const lineage = world.ledger.open(found.details)
  found.use(lineage)
  const { access, refresh } = world.settings.lifetimes('tiktok')
  const issue = world.ledger.issue(lineage, {
    access: { value: world.ledger.mint('', 40, 'hex'), seconds: access },
    refresh: refresh === null ? undefined : { value: world.ledger.mint('', 40, 'hex'), seconds: refresh },
  })
  const data = {
    access_token: issue.access,
    scope: lineage.scopes.map(Number),
    advertiser_ids: advertisersOf(lineage.person).map(({ advertiser_id: id }) => id),
    ...(access === null ? {} : { expires_in: access }),
    ...(issue.refresh === undefined ? {} : { refresh_token: issue.refresh }),
  }
  return { ...tiktokAnswer(0, 'OK', data), issue }
}

/** `oauth2/advertiser/get/`, with the app's secret in the query as TikTok has it. */
export function authorisedAdvertisers(world: World, call: Call): Answer {
  if (!isApp(call.query.get('app_id'), call.query.get('secret'))) return wrongApp()
  const holder = authenticate(world, call)
  if ('answer' in holder) return holder.answer
  const list = advertisersOf(holder.lineage.person).map(({ advertiser_id: id, name }) => ({
    advertiser_id: id,
    advertiser_name: name,
  }))
  return tiktokAnswer(0, 'OK', { list })
}

/** `advertiser/info/`: arrays are JSON texts in the query, at most 100 ids. */
export function advertiserInfo(world: World, call: Call): Answer {
  const holder = authenticate(world, call)
  if ('answer' in holder) return holder.answer
  const ids = textArray(call.query.get('advertiser_ids'))
  const fields = call.query.has('fields') ? textArray(call.query.get('fields')) : usualFields
  if (!ids || ids.length === 0 || !fields) return tiktokAnswer(40002, 'advertiser_ids: Not a valid list.')
  if (ids.length > maxIds) return tiktokAnswer(40002, `advertiser_ids: Longer than maximum length ${maxIds}.`)
  const reached = new Map(advertisersOf(holder.lineage.person).map((each) => [each.advertiser_id, each]))
  const found = ids.flatMap((id) => reached.get(id) ?? [])
  if (found.length < ids.length) return tiktokAnswer(40001, 'No permission to operate the advertiser.')
  const list = found.map((each) =>
    Object.fromEntries(Object.entries(each).filter(([name]) => fields.includes(name))),
  )
  return tiktokAnswer(0, 'OK', { list })
}

/** `oauth2/revoke_token/`: that token only. */
export function revokeToken(world: World, call: Call): Answer {
  const { app_id: appId, secret, access_token: value } = call.json
  if (!isApp(appId, secret)) return wrongApp()
  const token = world.ledger.find('tiktok', typeof value === 'string' ? value : '')
  if (!token || token.lineage.ended)
    return tiktokAnswer(40105, 'Access token is incorrect or has been revoked.')
  world.ledger.end(token.lineage, 'revoked')
  return tiktokAnswer(0, 'OK')
}

function isApp(appId: unknown, secret: unknown): boolean {
  return appId === emulatorApps.tiktok.clientId && secret === emulatorApps.tiktok.clientSecret
}

function wrongApp(): Answer {
  return tiktokAnswer(40113, 'The app does not exist, is blocked, or its secret is wrong.')
}

function authenticate(world: World, call: Call): { readonly lineage: Lineage } | { readonly answer: Answer } {
  const value = call.headers['access-token']
  if (typeof value !== 'string' || value === '') {
    const message = 'Access token is null, you should set it in http header with key Access-Token.'
    return { answer: tiktokAnswer(40104, message) }
  }
  const token = world.ledger.find('tiktok', value)
  if (token?.kind !== 'access' || token.lineage.ended) {
    return { answer: tiktokAnswer(40105, 'Access token is incorrect or has been revoked.') }
  }
  if (!world.ledger.isHonoured(token)) return { answer: tiktokAnswer(40102, 'Access token is expired.') }
  return { lineage: token.lineage }
}

function textArray(text: string | null): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '')
    return Array.isArray(parsed) && parsed.every((each) => typeof each === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}
