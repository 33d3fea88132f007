import { createHmac } from 'node:crypto'
import { emulatorApps } from '../apps.ts'
import { authorizationOf, jsonAnswer } from '../exchange.ts'
import type { Answer, Call } from '../exchange.ts'
import type { Lineage } from '../ledger.ts'
import { emulatorPeople } from '../people.ts'
import type { World } from '../world.ts'
import { adAccountsOf } from './accounts.ts'
import { endedProblem, graphError, graphProblems } from './graph-error.ts'
import type { GraphProblem } from './graph-error.ts'
import { graphPage, pickFields } from './paging.ts'
import type { MetaPermissions } from './permissions.ts'
import { appScopedId } from './token.ts'

/** A Graph request with the version segment taken off its path. */
export interface GraphCall {
  readonly call: Call
  readonly node: string
  /** Query, form and JSON body together: Graph does not care where a parameter stands. */
  readonly parameters: URLSearchParams
  readonly url: string
}

/** The person behind the token answers for `me`, for its own id, and for its ad accounts. */
export function graphNode(world: World, permissions: MetaPermissions, graph: GraphCall): Answer {
  const holder = authenticate(world, graph)
  if ('problem' in holder) return graphError(holder.problem)
  const { person } = holder.lineage
  const [node = '', edge, item] = graph.node.split('/')
  if (node !== 'me' && node !== appScopedId(person)) return adAccountNode(permissions, person, graph)
  if (edge === undefined) return profile(person, graph.parameters)
  if (edge === 'adaccounts' && item === undefined) return adAccountsEdge(permissions, person, graph)
  if (edge === 'permissions' && graph.call.method === 'DELETE')
    return dropPermissions(world, permissions, { person, item })
  if (edge === 'permissions' && item === undefined)
    return jsonAnswer(200, graphPage(permissions.list(person), graph))
  return graphError(graphProblems.unknownPath)
}

function authenticate(
  world: World,
  { call, parameters }: GraphCall,
): { readonly lineage: Lineage } | { readonly problem: GraphProblem } {
  const value =
    parameters.get('access_token') ?? authorizationOf(call, 'Bearer') ?? authorizationOf(call, 'OAuth')
  if (!value) return { problem: graphProblems.noToken }
  const token = world.ledger.find('meta', value)
  if (!token) return { problem: graphProblems.malformedToken }
  if (token.lineage.ended) return { problem: endedProblem(token.lineage.ended.reason) }
  if (world.ledger.isExpired(token)) return { problem: graphProblems.expired }
  const proof = parameters.get('appsecret_proof')
  if (proof === null && world.settings.requiresAppSecretProof) return { problem: graphProblems.proofMissing }
  if (proof !== null && proof !== proofOf(value)) return { problem: graphProblems.proofWrong }
  return { lineage: token.lineage }
}

function proofOf(token: string): string {
  return createHmac('sha256', emulatorApps.meta.clientSecret).update(token).digest('hex')
}

function profile(person: string, parameters: URLSearchParams): Answer {
  const name = emulatorPeople.meta.find(({ id }) => id === person)?.name ?? person
  return jsonAnswer(200, pickFields({ id: appScopedId(person), name }, parameters.get('fields') ?? 'id,name'))
}

function mayReadAds(permissions: MetaPermissions, person: string): boolean {
  const granted = permissions.granted(person)
  return granted.includes('ads_read') || granted.includes('ads_management')
}

function adAccountsEdge(permissions: MetaPermissions, person: string, graph: GraphCall): Answer {
  if (!mayReadAds(permissions, person)) return graphError(graphProblems.adsPermission)
  const fields = graph.parameters.get('fields')
  const rows = adAccountsOf(person).map((account) => pickFields(account, fields))
  return jsonAnswer(200, graphPage(rows, graph))
}

function adAccountNode(
  permissions: MetaPermissions,
  person: string,
  { node, parameters }: GraphCall,
): Answer {
  const account = adAccountsOf(person).find(({ id }) => id === node)
  if (!account) {
    return graphError({
      code: 100,
      subcode: 33,
      type: 'GraphMethodException',
      message: 'Unsupported get request.',
    })
  }
  if (!mayReadAds(permissions, person)) return graphError(graphProblems.adsPermission)
  return jsonAnswer(200, pickFields(account, parameters.get('fields')))
}

function dropPermissions(
  world: World,
  permissions: MetaPermissions,
  { person, item }: { person: string; item: string | undefined },
): Answer {
  if (item !== undefined) return jsonAnswer(200, { success: permissions.drop(person, item) })
  for (const lineage of world.ledger.lineages('meta', person)) world.ledger.end(lineage, 'app_removed')
  permissions.forget(person)
  return jsonAnswer(200, { success: true })
}
