import { SingleFlight } from '../domain/model/single-flight.ts'
import { INTEGRATION_PROVIDERS, isProviderName } from '../domain/model/identifiers.ts'
import { isOAuthClient } from '../ports/provider-client.ts'
import type { Call } from './call.ts'
import type { HandlerContext } from './handler-context.ts'
import type { MetaCallbackOptions } from './handler-options.ts'
import { choosePage } from './page/choose-page.ts'
import { disconnectPage } from './page/disconnect-page.ts'
import { donePage } from './page/done-page.ts'
import { listsPage } from './page/lists-page.ts'
import { overviewPage } from './page/overview-page.ts'
import { STYLESHEET_NAME, stylesheetResponse } from './page/stylesheet.ts'
import { completeConnection } from './routes/callback.ts'
import type { Completions } from './routes/callback.ts'
import {
  disconnectConnection,
  refreshConnection,
  selectAccount,
  updateAccounts,
} from './routes/connection-commands.ts'
import { chooseKlaviyoLists, connectKlaviyo } from './routes/klaviyo.ts'
import { metaDataDeletion, metaDeauthorize, metaDeletionStatus } from './routes/meta-callbacks.ts'
import { answerAccounts, answerStatus, healthRoute } from './routes/queries.ts'
import { startConnection } from './routes/start.ts'

type Route = (call: Call) => Promise<Response>

/** The methods that one address accepts. HEAD is answered like GET. */
export interface Methods {
  readonly GET?: Route
  readonly POST?: Route
}

type Found = Methods | undefined

/** Finds the methods of a path. Paths are compared as they are: nothing in them is decoded or resolved first. */
export function routeTable(context: HandlerContext): (pathname: string) => Found {
  const { basePath, pagePath } = context
  const fixed = fixedRoutes(context)
  const completions: Completions = new SingleFlight()
  return (pathname) => {
    const api = below(basePath, pathname)
    const page = pagePath === undefined ? undefined : below(pagePath, pathname)
    const ofApi =
      api === undefined ? undefined : (fixed.get(api) ?? providerRoutes(context, completions, api))
    const ofPage = page === undefined ? undefined : pageRoutes(context, page)
    return ofApi === undefined && ofPage === undefined ? undefined : { ...ofPage, ...ofApi }
  }
}

function below(base: string, pathname: string): string | undefined {
  return pathname === base || pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : undefined
}

function fixedRoutes(context: HandlerContext): ReadonlyMap<string, Methods> {
  return new Map<string, Methods>([
    ['/status', { GET: (call) => answerStatus(context, call) }],
    ['/health', { GET: healthRoute(context) }],
    [`/${STYLESHEET_NAME}`, { GET: async () => stylesheetResponse() }],
    ...(context.metaCallbacks === undefined ? [] : metaRoutes(context, context.metaCallbacks)),
  ])
}

function metaRoutes(
  context: HandlerContext,
  options: MetaCallbackOptions,
): readonly (readonly [string, Methods])[] {
  return [
    ['/meta/deauthorize', { POST: (call) => metaDeauthorize(context, options, call) }],
    [
      '/meta/data-deletion',
      {
        GET: async (call) => metaDeletionStatus(context, options, call),
        POST: (call) => metaDataDeletion(context, options, call),
      },
    ],
  ]
}

function providerRoutes(context: HandlerContext, completions: Completions, path: string): Found {
  const named = providerAndRest(context, path)
  if (named === undefined) return undefined
  const { provider, rest } = named
  // There is no route for what a platform cannot do. A platform that is not configured has its routes, and says so there.
  const isConfigured = context.providers.names().includes(provider)
  const isOAuth = !isConfigured || isOAuthClient(context.providers.get(provider))
  switch (rest) {
    case 'start':
      return isOAuth ? { POST: (call) => startConnection(context, call, provider) } : undefined
    case 'callback':
      return isOAuth ? { GET: (call) => completeConnection(context, completions, call, provider) } : undefined
    case 'done':
      return isOAuth ? { GET: (call) => donePage(context, call, provider) } : undefined
    case 'connect':
      return provider === 'klaviyo' && !(isConfigured && isOAuth)
        ? { POST: (call) => connectKlaviyo(context, call) }
        : undefined
    case 'lists':
      return provider === 'klaviyo' ? { POST: (call) => chooseKlaviyoLists(context, call) } : undefined
    case 'accounts':
      return {
        GET: (call) => answerAccounts(context, call, provider),
        POST: (call) => updateAccounts(context, call, provider),
      }
    case 'select':
      return { POST: (call) => selectAccount(context, call, provider) }
    case 'refresh':
      return { POST: (call) => refreshConnection(context, call, provider) }
    case 'disconnect':
      return { POST: (call) => disconnectConnection(context, call, provider) }
    default:
      return undefined
  }
}

function pageRoutes(context: HandlerContext, path: string): Found {
  if (path === '' || path === '/') return { GET: (call) => overviewPage(context, call) }
  const named = providerAndRest(context, path)
  if (named === undefined) return undefined
  const { provider, rest } = named
  switch (rest) {
    case 'choose':
      return { GET: (call) => choosePage(context, call, provider) }
    case 'lists':
      return { GET: (call) => listsPage(context, call, provider) }
    case 'disconnect':
      return { GET: (call) => disconnectPage(context, call, provider) }
    default:
      return undefined
  }
}

function providerAndRest(
  { providers }: HandlerContext,
  path: string,
): { readonly provider: string; readonly rest: string } | undefined {
  const [, provider, rest] = /^\/([^/]+)\/([a-z]+)$/.exec(path) ?? []
  if (rest === undefined || !isProviderName(provider)) return undefined
  const known: readonly string[] = [...INTEGRATION_PROVIDERS, ...providers.names()]
  return known.includes(provider) ? { provider, rest } : undefined
}
