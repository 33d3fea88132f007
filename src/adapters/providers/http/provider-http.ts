import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { SECOND_MS } from '../../../domain/model/time.ts'
import { ProviderFailure, responseInvalid } from '../../../domain/provider-failure.ts'
import { readBody } from './answer-body.ts'
import { isSafeUrl } from './endpoint.ts'
import { notSent, uncertain } from './failures.ts'

/** One request to a provider. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PATCH'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Where the answer must come sooner than the client would wait; it never waits longer. */
  readonly hardTimeoutMs?: number | undefined
  /** In place of the client's own bound, where an answer is known to be larger. */
  readonly maxBodyBytes?: number | undefined
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  /** By any capitalisation; what was sent several times is joined by commas. */
  header(name: string): string | undefined
  readonly text: string
}

/** How providers are asked: one request, one answer, both bounded. */
export interface ProviderHttp {
  /**
   * Sends once: nothing is repeated and no redirect is followed. Resolves with every whole answer, whatever its status.
   * Rejects with a transient ProviderFailure: `not_sent` when the request certainly never left, else `uncertain`.
   */
  send(request: HttpRequest): Promise<HttpAnswer>
}

/** The bounds of every request. */
export interface ProviderHttpOptions {
  /** Let plain HTTP through, to this machine and nowhere else: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean
  /** From `send` to the end of the answer. */
  readonly hardTimeoutMs?: number
  /** Until TCP and TLS stand. */
  readonly connectTimeoutMs?: number
  /** After decoding. */
  readonly maxBodyBytes?: number
  /** To one host. */
  readonly maxSockets?: number
}

type Limits = Required<ProviderHttpOptions>

const DEFAULTS: Limits = {
  allowLoopbackHttp: false,
  hardTimeoutMs: 75 * SECOND_MS,
  connectTimeoutMs: 10 * SECOND_MS,
  maxBodyBytes: 1024 * 1024,
  maxSockets: 128,
}

const MAX_HEADER_BYTES = 32 * 1024
const MAX_HEADERS = 256
/** Informational answers (1xx) before the one that counts. */
const MAX_INFORMATIONAL_RESPONSES = 16
const IDLE_SOCKET_MS = 15 * SECOND_MS
const READING_MS = 200

/** An HTTP client for platforms that hand out tokens. `close` drops idle connections and lets requests under way end. */
export function createProviderHttp(options: ProviderHttpOptions = {}): ProviderHttp & { close(): void } {
  const limits: Limits = { ...DEFAULTS, ...options }
  const pool = { keepAlive: true, maxSockets: limits.maxSockets, timeout: IDLE_SOCKET_MS }
  const agents = {
    http: new HttpAgent(pool),
    // Said here, so that no environment variable can switch the check of certificates off.
    https: new HttpsAgent({ ...pool, rejectUnauthorized: true }),
  }
  return {
    send: (request) => new Exchange(agents, limits, request).run(),
    close: () => {
      // `agent.destroy()` would cut requests under way, whose answers may be the only copy of a new token.
      for (const { freeSockets } of [agents.http, agents.https]) {
        for (const socket of Object.values(freeSockets).flat()) socket?.destroy()
      }
    },
  }
}

interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** Sockets over which something can have been sent. Node marks only some of the reused ones as such. */
const openSockets = new WeakSet<Socket>()

/** One request and what comes of it: the first of answer, failure and timeout. */
class Exchange {
  readonly #agents: Agents
  readonly #limits: Limits
  readonly #request: HttpRequest
  #isConnected = false
  #connectTimer: NodeJS.Timeout | undefined

  constructor(agents: Agents, limits: Limits, request: HttpRequest) {
    this.#agents = agents
    this.#limits = limits
    this.#request = request
  }

  async run(): Promise<HttpAnswer> {
    const { url } = this.#request
    const hardTimeoutMs = Math.min(this.#limits.hardTimeoutMs, this.#request.hardTimeoutMs ?? Infinity)
    const target = URL.canParse(url) ? new URL(url) : undefined
    if (target === undefined || !isSafeUrl(target, this.#limits.allowLoopbackHttp)) {
      throw new ProviderFailure({
        kind: 'misconfigured',
        delivery: 'not_sent',
        providerCode: 'endpoint_refused',
      })
    }
    const outgoing = this.#open(target)
    let hardTimer: NodeJS.Timeout | undefined
    try {
      return await new Promise((resolve, reject) => {
        // After a stall timers run before sockets: an answer that arrived meanwhile is read before it counts as late.
        hardTimer = setTimeout(() => {
          hardTimer = setTimeout(() => reject(this.#lost('timeout')), READING_MS)
        }, hardTimeoutMs)
        this.#watchConnecting(outgoing, target.protocol === 'https:', reject)
        outgoing.on('error', (error) => reject(this.#lost(codeOf(error))))
        const rejectUnanswered = (): void => reject(this.#lost('connection_lost'))
        outgoing.once('close', rejectUnanswered)
        let informed = 0
        outgoing.on('information', () => {
          informed += 1
          if (informed > MAX_INFORMATIONAL_RESPONSES) reject(responseInvalid())
        })
        outgoing.once('response', (message) => {
          outgoing.off('close', rejectUnanswered)
          this.#read(message).then(resolve, reject)
        })
        outgoing.end(this.#request.body)
      })
    } catch (failure) {
      outgoing.destroy()
      throw failure
    } finally {
      clearTimeout(hardTimer)
      clearTimeout(this.#connectTimer)
    }
  }

  #open(target: URL): ClientRequest {
    const { method, headers } = this.#request
    const isTls = target.protocol === 'https:'
    const { hostname, port, pathname, search } = target
    try {
      const outgoing = (isTls ? requestHttps : requestHttp)({
        method,
        // An address of IPv6 stands in brackets in a URL alone.
        hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
        port,
        path: pathname + search,
        agent: isTls ? this.#agents.https : this.#agents.http,
        headers: { accept: 'application/json', 'accept-encoding': 'gzip, deflate, br', ...headers },
        maxHeaderSize: MAX_HEADER_BYTES,
      })
      outgoing.maxHeadersCount = MAX_HEADERS
      return outgoing
    } catch {
      // A header value with characters that no header may have; Node's error would carry its name.
      throw notSent('request_invalid')
    }
  }

  #watchConnecting(outgoing: ClientRequest, isTls: boolean, reject: (failure: Error) => void): void {
    outgoing.once('socket', (socket) => {
      this.#isConnected = openSockets.has(socket)
      if (this.#isConnected) return
      this.#connectTimer = setTimeout(() => reject(notSent('connect_timeout')), this.#limits.connectTimeoutMs)
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        openSockets.add(socket)
        this.#isConnected = true
        clearTimeout(this.#connectTimer)
      })
    })
  }

  async #read(message: IncomingMessage): Promise<HttpAnswer> {
    const { maxBodyBytes = this.#limits.maxBodyBytes } = this.#request
    const { statusCode: status = 0, headers } = message
    // Whatever stands behind a redirect has not been checked, and would be sent our credentials (RFC 9700 §4.12).
    if (status < 200 || (status >= 300 && status < 400)) throw responseInvalid()
    const text = await readBody(message, maxBodyBytes)
    return {
      status,
      header: (name) => valueOf(headers, name.toLowerCase()),
      text,
    }
  }

  /** A connection that stood may have carried the request, a reused one that was reset at once included. */
  #lost(code: string): ProviderFailure {
    if (code.startsWith('HPE_')) return responseInvalid()
    return this.#isConnected ? uncertain(code) : notSent(code)
  }
}

function valueOf(headers: IncomingMessage['headers'], name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return Array.isArray(value) ? value.join(', ') : value
}

/** Node's own short code, never its message, which may quote what was sent. */
function codeOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'connection_failed'
}
