import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { afterEach } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import type {
  ProviderHttp,
  ProviderHttpOptions,
} from '../../../../src/adapters/providers/http/provider-http.ts'
import { ProviderFailure } from '../../../../src/domain/provider-failure.ts'

export interface Scripted {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly form: URLSearchParams
}

export interface ScriptedServer {
  readonly url: string
  readonly seen: readonly SeenRequest[]
}

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A loopback server that answers as told, and remembers what it was sent. */
export async function scriptedServer(
  answerTo: (request: SeenRequest, index: number) => Scripted,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    void readRequest(request).then((read) => {
      seen.push(read)
      const { status = 200, headers = {}, body = '' } = answerTo(read, seen.length - 1)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  return { url: `http://127.0.0.1:${port}`, seen }
}

/** The real HTTP client, closed after the test. */
export function loopbackHttp(options: ProviderHttpOptions = {}): ProviderHttp {
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs: 5_000, ...options })
  cleanUps.push(() => http.close())
  return http
}

/** What a client method rejected with; it must be a ProviderFailure. */
export async function failureOf(work: Promise<unknown>): Promise<ProviderFailure> {
  const outcome: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof ProviderFailure) return outcome
  throw new Error('expected a ProviderFailure', { cause: outcome })
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    form: new URLSearchParams(body),
  }
}
