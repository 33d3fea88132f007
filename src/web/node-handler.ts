import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isIntegrationError } from '../domain/errors.ts'
import type { FetchHandler } from './integrations-handler.ts'

/** What Express and others add to a request of `node:http`. */
interface RoutedRequest extends IncomingMessage {
  /** The whole path, when a router has removed its prefix from `url`. */
  readonly originalUrl?: string
  /** The body as a parser that ran earlier has left it. */
  readonly body?: unknown
}

/** A request listener for `node:http`, which is also an Express route. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const incomingOf = new WeakMap<Request, IncomingMessage>()

/**
 * The request of `node:http` that a `Request` was made of, with all that earlier middleware has left on it: a session, say.
 * `undefined` for one that came another way than through `toNodeHandler`.
 */
export function nodeRequestOf(request: Request): IncomingMessage | undefined {
  return incomingOf.get(request)
}

/**
 * Adapts a Fetch handler to `node:http`. The host in the resulting request is always `host.invalid`, so that what a client
 * writes into Host or X-Forwarded-Host is never taken for a URL.
 */
export function toNodeHandler(handler: FetchHandler): NodeHandler {
  return async (incoming, outgoing) => {
    try {
      await send(await answer(handler, incoming), outgoing)
    } catch {
      // A client may hang up early, which is not an error. Anything else gets an answer if one can still be sent.
      if (!outgoing.headersSent) outgoing.writeHead(500)
      outgoing.end()
    }
  }
}

async function answer(handler: FetchHandler, incoming: IncomingMessage): Promise<Response> {
  const request = toRequest(incoming)
  if (request === undefined) return new Response(null, { status: 400 })
  incomingOf.set(request, incoming)
  try {
    return await handler(request)
  } catch (error) {
    // Ours never rejects once it is made. Why it could not be made is told here or nowhere.
    const said = isIntegrationError(error)
      ? `${error.code}: ${error.message}`
      : 'it failed outside this library'
    process.emitWarning(`A request could not be handled; ${said}`, 'IntegrationsHandlerWarning')
    return new Response(null, { status: 500 })
  }
}

function toRequest(incoming: RoutedRequest): Request | undefined {
  const path = incoming.originalUrl ?? incoming.url ?? ''
  const url = `http://host.invalid${path}`
  // `//evil/x` and `*` are valid request targets too, but not paths of ours.
  if (!path.startsWith('/') || path.startsWith('//') || !URL.canParse(url)) return undefined
  const method = incoming.method ?? 'GET'
  // Fetch does not allow these methods at all.
  if (method === 'TRACE' || method === 'CONNECT' || method === 'TRACK') return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
  return new Request(url, { method, headers, ...bodyOf(incoming, headers) })
}

function bodyOf(incoming: RoutedRequest, headers: Headers): RequestInit {
  if (!incoming.readableEnded) return { body: Readable.toWeb(incoming), duplex: 'half' }
  headers.delete('content-length')
  return { body: writtenAgain(incoming.body, headers.get('content-type') ?? '') }
}

/** When a parser has already read the body, its result is serialized again for the handler to read. */
function writtenAgain(body: unknown, contentType: string): string | null {
  if (typeof body === 'string') return body
  if (Buffer.isBuffer(body)) return body.toString('utf8')
  if (typeof body !== 'object' || body === null) return null
  if (contentType.includes('json')) return JSON.stringify(body)
  const pairs = Object.entries(body).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
  )
  return new URLSearchParams(pairs).toString()
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body), outgoing)
}
