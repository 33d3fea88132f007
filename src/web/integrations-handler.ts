import { wantsJson } from './call.ts'
import { reportFailure } from './failures.ts'
import { handlerContext } from './handler-context.ts'
import type { HandlerContext } from './handler-context.ts'
import type { HandlerOptions } from './handler-options.ts'
import { failurePage } from './page/failure-page.ts'
import { Refusal } from './refusal.ts'
import { emptyResponse, jsonResponse } from './responses.ts'
import { routeTable } from './route-table.ts'
import type { Methods } from './route-table.ts'

/** A handler for servers that speak Fetch, such as Hono and Next.js. */
export type FetchHandler = (request: Request) => Promise<Response>

/**
 * Answers everything below `basePath`, and the settings page, whatever server the host runs on. It never rejects: an error
 * is answered in words, and also goes to the container's logger where an operator should know about it.
 * @throws ConfigInvalidError at once when an option is not usable
 */
export function createIntegrationsHandler(options: HandlerOptions): FetchHandler {
  const context = handlerContext(options)
  const routes = routeTable(context)
  return async (request) => {
    try {
      const { pathname, searchParams } = new URL(request.url)
      return await answer(routes(pathname), request, searchParams)
    } catch (error) {
      return answerError(context, request, error)
    }
  }
}

async function answer(
  methods: Methods | undefined,
  request: Request,
  query: URLSearchParams,
): Promise<Response> {
  if (methods === undefined) throw new Refusal('not_found')
  const { method } = request
  const allowed = [
    ...(methods.GET === undefined ? [] : ['GET', 'HEAD']),
    ...(methods.POST === undefined ? [] : ['POST']),
    'OPTIONS',
  ]
  // The answer has no CORS header, because scripts of other sites may not use these addresses.
  if (method === 'OPTIONS') return emptyResponse({ status: 204, headers: { allow: allowed.join(', ') } })
  const isReading = method === 'GET' || method === 'HEAD'
  const route = isReading ? methods.GET : method === 'POST' ? methods.POST : undefined
  if (route === undefined) throw new Refusal('method_not_allowed', undefined, allowed)
  const response = await route({ request, query })
  return method === 'HEAD' ? new Response(null, response) : response
}

function answerError(context: HandlerContext, request: Request, error: unknown): Response {
  const failure = reportFailure(context, error)
  if (!wantsJson(request)) return failurePage(context, failure)
  const { code, message, status, headers } = failure
  return jsonResponse({ error: { code, message } }, { status, headers })
}
