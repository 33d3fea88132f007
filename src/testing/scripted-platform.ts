import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** One request that a client sent, read to its end. */
export interface PlatformRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The whole request target, as an access log would keep it. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Query, form and top-level JSON members together. */
  readonly parameters: ReadonlyMap<string, string>
}

/** An answer over HTTP; with `text`, a body, else none. */
export interface PlatformAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** What else can happen to a request. `flood`: a body of that many bytes; `drip`: a byte of the body every so often. */
export type PlatformBehaviour =
  | PlatformAnswer
  | { readonly hang: true }
  | { readonly reset: true }
  | { readonly floodBytes: number }
  | { readonly drip: string; readonly everyMs: number }

/** Decides what happens to each request. */
export type PlatformScript = (request: PlatformRequest) => PlatformBehaviour

/** A platform on loopback that says what a test tells it to say. */
export interface ScriptedPlatform {
  readonly url: string
  /** Since the last `follow`. */
  readonly requests: readonly PlatformRequest[]
  /** How much of a flood the client let through. */
  readonly floodedBytes: number
  follow(script: PlatformScript): void
  close(): Promise<void>
}

/** Starts one on a free port. Until it has a script it answers 404. */
export async function startScriptedPlatform(): Promise<ScriptedPlatform> {
  let script: PlatformScript = () => ({ status: 404 })
  let requests: PlatformRequest[] = []
  let floodedBytes = 0
  const server = createServer((incoming, response) => {
    void read(incoming).then((request) => {
      requests.push(request)
      perform(response, script(request), (bytes) => {
        floodedBytes += bytes
      })
    })
  })
  // A fault cuts connections, and then there is nobody left to tell.
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    get floodedBytes() {
      return floodedBytes
    },
    follow: (next) => {
      script = next
      requests = []
      floodedBytes = 0
    },
    close: async () => {
      const isClosed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await isClosed
    },
  }
}

async function read(incoming: IncomingMessage): Promise<PlatformRequest> {
  const chunks: Buffer[] = []
  try {
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(incoming, 'end')
  } catch {
    // The client gave up in the middle of its own request; what came is what there is.
  }
  const body = Buffer.concat(chunks).toString('utf8')
  const target = incoming.url ?? '/'
  const url = new URL(target, 'http://platform.invalid')
  const type = incoming.headers['content-type'] ?? ''
  const parameters = new Map([
    ...url.searchParams,
    ...(type.includes('x-www-form-urlencoded') ? new URLSearchParams(body) : []),
    ...(type.includes('json') ? membersOf(body) : []),
  ])
  const { headers, method = '' } = incoming
  return { method, path: url.pathname, target, headers, body, parameters }
}

function membersOf(body: string): readonly (readonly [string, string])[] {
  const value: unknown = JSON.parse(body)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).map(([name, member]) => [name, String(member)])
}

function perform(
  response: ServerResponse,
  behaviour: PlatformBehaviour,
  onFlood: (bytes: number) => void,
): void {
  if ('hang' in behaviour) return
  if ('reset' in behaviour) {
    response.socket?.resetAndDestroy()
  } else if ('floodBytes' in behaviour) {
    flood(response, behaviour.floodBytes, onFlood)
  } else if ('drip' in behaviour) {
    drip(response, behaviour.drip, behaviour.everyMs)
  } else {
    const { status = 200, body = '' } = behaviour
    const headers = { 'content-type': 'application/json', ...behaviour.headers }
    response.writeHead(status, headers).end(body)
  }
}

const FLOOD_CHUNK = Buffer.alloc(64 * 1024, 'x')

/** Never ahead of what the client takes. */
function flood(response: ServerResponse, total: number, onFlood: (bytes: number) => void): void {
  let left = total
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': total })
  const pour = (): void => {
    while (left > 0 && !response.destroyed) {
      const piece = FLOOD_CHUNK.subarray(0, Math.min(left, FLOOD_CHUNK.length))
      left -= piece.length
      onFlood(piece.length)
      if (!response.write(piece)) return
    }
    response.end()
  }
  response.on('drain', pour)
  pour()
}

function drip(response: ServerResponse, text: string, everyMs: number): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const characters = [...text]
  const timer = setInterval(() => {
    const next = characters.shift()
    if (next === undefined) response.end()
    else response.write(next)
  }, everyMs)
  response.once('close', () => clearInterval(timer))
}
