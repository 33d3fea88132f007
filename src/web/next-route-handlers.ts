import type { FetchHandler } from './integrations-handler.ts'

/** What a `route.ts` of the Next.js App Router exports. */
export interface NextRouteHandlers {
  readonly GET: FetchHandler
  readonly HEAD: FetchHandler
  readonly POST: FetchHandler
  readonly OPTIONS: FetchHandler
}

/** For `app/api/integrations/[[...path]]/route.ts`: `export const { GET, HEAD, POST, OPTIONS } = toNextRouteHandlers(handler)`. */
export function toNextRouteHandlers(handler: FetchHandler): NextRouteHandlers {
  // Next.js passes a second argument, which is not meant for the handler.
  const handle: FetchHandler = (request) => handler(request)
  return { GET: handle, HEAD: handle, POST: handle, OPTIONS: handle }
}
