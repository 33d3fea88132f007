import { emulatorApps } from '../apps.ts'
import type { Call, Route } from '../exchange.ts'
import { rateLimitAnswer } from './rate-limit.ts'
import type { PlatformService } from '../server.ts'
import type { World } from '../world.ts'
import { debugToken } from './debug-token.ts'
import { metaDialog } from './dialog.ts'
import { graphNode } from './graph.ts'
import type { GraphCall } from './graph.ts'
import { MetaPermissions } from './permissions.ts'
import { metaToken } from './token.ts'

/** Facebook's login dialog and the part of Graph that a connection needs. Any version segment will do. */
export function metaService(world: World): PlatformService {
  const permissions = new MetaPermissions()
  return {
    platform: 'meta',
    clientId: emulatorApps.meta.clientId,
    prefix: '/meta',
    throttled: () => rateLimitAnswer(4),
    grant: (person, scopes) =>
      permissions.decide(person, { asked: scopes, ticked: scopes, isRerequest: true }),
    forget: (person) => permissions.forget(person),
    withdraw: (person, permission) => permissions.withdraw(person, permission),
    route: (call) => {
      if (/^\/(v\d+\.\d+\/)?dialog\/oauth$/.test(call.path)) {
        return { names: ['dialog'], handle: () => metaDialog(world, permissions, call) }
      }
      const node = /^\/graph\/(?:v\d+\.\d+\/)?(.+?)\/?$/.exec(call.path)?.[1]
      return node === undefined ? undefined : graphRoute(world, permissions, toGraphCall(call, node))
    },
  }
}

function graphRoute(world: World, permissions: MetaPermissions, graph: GraphCall): Route {
  const { node, parameters, call } = graph
  if (node === 'oauth/access_token') {
    const exchanged = parameters.get('fb_exchange_token')
    return {
      names: exchanged === null ? ['token', 'exchange'] : ['long_lived', 'refresh'],
      ...(exchanged === null ? {} : { credential: exchanged }),
      handle: () => metaToken(world, parameters),
    }
  }
  if (node === 'debug_token') {
    return { names: ['debug_token'], handle: () => debugToken(world, permissions, graph) }
  }
  return { names: ['api', nameOfNode(node, call.method)], handle: () => graphNode(world, permissions, graph) }
}

function nameOfNode(node: string, method: string): string {
  if (node.endsWith('/adaccounts')) return 'accounts'
  if (/\/permissions(\/|$)/.test(node)) return method === 'DELETE' ? 'revoke' : 'permissions'
  return node === 'me' ? 'me' : 'node'
}

function toGraphCall(call: Call, node: string): GraphCall {
  const parameters = new URLSearchParams([...call.query, ...call.form])
  for (const [name, value] of Object.entries(call.json)) {
    if (typeof value === 'string') parameters.set(name, value)
  }
  return { call, node, parameters, url: `${call.origin}/meta${call.path}` }
}
