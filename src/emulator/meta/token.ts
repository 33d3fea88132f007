import { emulatorApps } from '../apps.ts'
import { jsonAnswer } from '../exchange.ts'
import type { Answer } from '../exchange.ts'
import type { Lineage } from '../ledger.ts'
import { stableId } from '../people.ts'
import type { World } from '../world.ts'
import { endedProblem, graphError, graphProblems } from './graph-error.ts'

/** The id that this app, and only this app, knows the person by. */
export function appScopedId(person: string): string {
  return stableId(`meta ${emulatorApps.meta.clientId} ${person}`, 16)
}

/** `oauth/access_token`: code exchange, exchange for a long-lived token, app token. */
export function metaToken(world: World, parameters: URLSearchParams): Answer {
  if (parameters.get('client_id') !== emulatorApps.meta.clientId) return graphError(graphProblems.appUnknown)
  if (parameters.get('client_secret') !== emulatorApps.meta.clientSecret)
    return graphError(graphProblems.secretWrong)
  const grantType = parameters.get('grant_type')
  if (grantType === 'fb_exchange_token') return exchangeForLongLived(world, parameters)
  if (grantType === 'client_credentials')
    return jsonAnswer(200, { access_token: appToken(), token_type: 'bearer' })
  return exchangeCode(world, parameters)
}

export function appToken(): string {
  return `${emulatorApps.meta.clientId}|${emulatorApps.meta.clientSecret}`
}

function exchangeCode(world: World, parameters: URLSearchParams): Answer {
  const found = world.ledger.findCode('meta', parameters.get('code') ?? '')
  if (found.outcome === 'unknown') return graphError(graphProblems.codeMissing)
  if (found.outcome === 'expired') return graphError(graphProblems.codeExpired)
  if (found.outcome === 'used') return graphError(graphProblems.codeUsed)
  if (found.details.redirectUri !== parameters.get('redirect_uri'))
    return graphError(graphProblems.redirectDiffers)
  const lineage = world.ledger.open(found.details)
  found.use(lineage)
  const { access } = world.settings.lifetimes('meta')
  return answerWithToken(world, lineage, {
    seconds: isSystemUser(lineage) ? null : access,
    isLongLived: false,
  })
}

function exchangeForLongLived(world: World, parameters: URLSearchParams): Answer {
  const given = world.ledger.find('meta', parameters.get('fb_exchange_token') ?? '')
  if (!given) return graphError(graphProblems.malformedToken)
  const { lineage } = given
  if (lineage.ended) return graphError(endedProblem(lineage.ended.reason))
  if (world.ledger.isExpired(given)) return graphError(graphProblems.expired)
  const { longLived, reissueAfter } = world.settings.lifetimes('meta')
  if (given.isLongLived && given.expiresAt !== null && world.now() - given.issuedAt < reissueAfter * 1000) {
    const left = Math.floor((given.expiresAt - world.now()) / 1000)
    return jsonAnswer(200, { access_token: given.value, token_type: 'bearer', expires_in: left })
  }
  const isEndless = isSystemUser(lineage) && parameters.get('set_token_expires_in_60_days') !== 'true'
  return answerWithToken(world, lineage, { seconds: isEndless ? null : longLived, isLongLived: true })
}

export function isSystemUser(lineage: Lineage): boolean {
  return lineage.person === 'sys'
}

function answerWithToken(
  world: World,
  lineage: Lineage,
  wish: { readonly seconds: number | null; readonly isLongLived: boolean },
): Answer {
  const value = world.ledger.mint('EAAB', 86) + world.ledger.mint('', 80)
  const issue = world.ledger.issue(lineage, { access: { value, ...wish } })
  const body = {
    access_token: value,
    token_type: 'bearer',
    ...(wish.seconds === null ? {} : { expires_in: wish.seconds }),
  }
  return { ...jsonAnswer(200, body), issue }
}
