import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FetchHandler } from './integrations-handler.ts'

/** What Express and others add to a request of `node:http`. */
interface RoutedRequest extends IncomingMessage {
  /** The whole path, where a router has cut its prefix off `url`. */
  readonly originalUrl?: string
  /** What a body parser before us has made of the body. */
  readonly body?: unknown
}

/** Listens to `node:http`; as it is, an Express route too. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Makes a Fetch handler one of `node:http`. The host in the resulting request is always `host.invalid`: what a client
 * writes into Host or X-Forwarded-Host reaches nobody as a URL.
 */
export function toNodeHandler(handler: FetchHandler): NodeHandler {
  return async (incoming, outgoing) => {
    try {
      const request = toRequest(incoming)
      const response = request === undefined ? new Response(null, { status: 400 }) : await handler(request)
      await send(response, outgoing)
    } catch {
      // A client that hangs up early is nobody's mistake; anything else gets an answer if there still can be one.
      if (!outgoing.headersSent) outgoing.writeHead(500)
      outgoing.end()
    }
  }
}

function toRequest(incoming: RoutedRequest): Request | undefined {
  const path = incoming.originalUrl ?? incoming.url ?? ''
  const url = `http://host.invalid${path}`
  // `//evil/x` and `*` are request targets too, and no paths of ours.
  if (!path.startsWith('/') || path.startsWith('//') || !URL.canParse(url)) return undefined
  const method = incoming.method ?? 'GET'
  // Fetch refuses to speak of these at all.
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

/** A parser has read the body already: what it made of it is written once more, for one reader downstream. */
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
