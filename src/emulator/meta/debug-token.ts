import { emulatorApps } from '../apps.ts'
import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Json } from '../exchange.ts'
import type { TokenRecord } from '../ledger.ts'
import type { World } from '../world.ts'
import type { GraphCall } from './graph.ts'
import { endedProblem, graphError, graphProblems } from './graph-error.ts'
import type { GraphProblem } from './graph-error.ts'
import type { MetaPermissions } from './permissions.ts'
import { appScopedId, appToken, isSystemUser } from './token.ts'

/** `debug_token`, which only the app's own token may ask. */
export function debugToken(world: World, permissions: MetaPermissions, graph: GraphCall): Answer {
  const { parameters, call } = graph
  const presented = parameters.get('access_token') ?? authorizationOf(call, 'Bearer')
  if (presented !== appToken()) {
    return graphError({ code: 100, message: '(#100) You must provide an app access token' })
  }
  const input = parameters.get('input_token')
  if (!input) return graphError({ code: 100, message: '(#100) The parameter input_token is required' })
  const token = world.ledger.find('meta', input)
  return jsonAnswer(200, {
    data: token ? describe(world, permissions, token) : unreadable(graphProblems.malformedToken),
  })
}

function describe(world: World, permissions: MetaPermissions, token: TokenRecord): Json {
  const { lineage } = token
  const { dataAccess } = world.settings.lifetimes('meta')
  const scopes = permissions.granted(lineage.person)
  const problem = lineage.ended
    ? endedProblem(lineage.ended.reason)
    : world.ledger.isExpired(token)
      ? graphProblems.expired
      : undefined
  return {
    app_id: emulatorApps.meta.clientId,
    type: isSystemUser(lineage) ? 'SYSTEM_USER' : 'USER',
    application: 'Emulated app',
    data_access_expires_at: limitInSeconds(
      dataAccess === null || isSystemUser(lineage) ? null : lineage.startedAt + dataAccess * 1000,
    ),
    expires_at: limitInSeconds(token.expiresAt),
    issued_at: Math.floor(token.issuedAt / 1000),
    ...(problem ? unreadable(problem) : { is_valid: true, scopes }),
    granular_scopes: scopes.map((scope) => ({ scope })),
    user_id: appScopedId(lineage.person),
  }
}

function unreadable(problem: GraphProblem): { readonly [key: string]: Json } {
  const { code, message, subcode } = problem
  const error = { code, message, ...(subcode === undefined ? {} : { subcode }) }
  return { error, is_valid: false, scopes: [] }
}

/** Graph writes "never" as 0. */
function limitInSeconds(at: number | null): number {
  return at === null ? 0 : Math.floor(at / 1000)
}
