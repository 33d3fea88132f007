import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { cutConnection, deliver, pause, prescribedAnswer, replacesAnswer, retouch } from './delivery.ts'
import { isRecord, notFound } from './exchange.ts'
import type { Answer, Call, Route } from './exchange.ts'
import type { FaultScript } from './faults.ts'
import type { EmulatedPlatform } from './platform.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'
import type { World } from './world.ts'

/** One emulated platform: the paths it owns, the requests it knows, how it says "too many". */
export interface PlatformService {
  readonly platform: EmulatedPlatform
  readonly prefix: string
  readonly route: (call: Call) => Route | undefined
  readonly clientId: string
  readonly throttled: () => Answer
  /** Notes what the person granted, where that is kept beside the tokens. */
  readonly grant?: (person: string, scopes: readonly string[]) => void
  /** Forgets what is kept about the person beyond tokens, because the app was removed. */
  readonly forget?: (person: string) => void
  /** Takes back one permission and leaves the tokens alive; whether it had been granted. */
  readonly withdraw?: (person: string, permission: string) => boolean
}

export interface ServerParts {
  readonly world: World
  readonly faults: FaultScript
  readonly log: RequestLog
  readonly services: readonly PlatformService[]
  /** Answers requests below `/_control`. */
  readonly control: (call: Call) => Promise<Answer>
  readonly origin: () => string
}

const largestBody = 1024 * 1024

/** The HTTP server over all platforms; not yet listening. */
export function createEmulatorServer(parts: ServerParts): Server {
  const recent = new Map<EmulatedPlatform, number[]>()
  return createServer((request, response) => {
    serve(parts, recent, { request, response }).catch((error: unknown) => reportFailure(response, error))
  })
}

interface Wire {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serve(parts: ServerParts, recent: Map<EmulatedPlatform, number[]>, wire: Wire): Promise<void> {
  const arrivedAt = performance.now()
  const { request, response } = wire
  const body = await readBody(request)
  const path = new URL(request.url ?? '/', parts.origin()).pathname
  if (path.startsWith('/_control/')) {
    const answer = await parts.control(toCall(parts, request, { body, prefix: '/_control' }))
    response.writeHead(answer.status, answer.headers).end(answer.body)
    return
  }
  const service = parts.services.find(({ prefix }) => path.startsWith(`${prefix}/`))
  const call = service && toCall(parts, request, { body, prefix: service.prefix })
  const route = call && service.route(call)
  if (!service || !route) {
    const { status, headers, body: page } = notFound()
    response.writeHead(status, headers).end(page)
    if (service) parts.log.add(logEntry(wire, { service, route: undefined, body, arrivedAt }))
    return
  }
  const entry = logEntry(wire, { service, route, body, arrivedAt })
  parts.log.add(entry)
  noteFlight(parts.world, service.platform, { route, response })
  response.once('close', () => {
    entry.answeredAt = performance.now()
  })
  const isOverBudget = countAgainstBudget(parts, service.platform, recent)
  await answerRoute(parts, { ...wire, service, route, entry, isOverBudget })
}

async function answerRoute(
  parts: ServerParts,
  matter: Wire & { service: PlatformService; route: Route; entry: LoggedRequest; isOverBudget: boolean },
): Promise<void> {
  const { response, service, route, entry } = matter
  const fault = parts.faults.take(service.platform, route.names)
  await pause(parts.world.settings.latencyMs(service.platform) + (fault?.delayMs ?? 0))
  if (fault?.hang) return
  if (fault?.reset === 'before') {
    cutConnection(response)
    return
  }
  const isReplaced = replacesAnswer(fault)
  const right = matter.isOverBudget
    ? service.throttled()
    : isReplaced && !fault.handled
      ? undefined
      : await route.handle()
  const issue = right?.issue
  response.once('finish', () => {
    if (issue) issue.outcome = 'sent'
  })
  response.once('close', () => {
    if (issue?.outcome === 'pending') issue.outcome = 'cut'
  })
  await pause(fault?.delayAfterMs ?? 0)
  if (fault?.reset === 'after') {
    cutConnection(response)
    return
  }
  const answer = isReplaced || !right ? prescribedAnswer(fault ?? {}) : retouch(right, fault)
  await deliver(response, answer, { fault, entry })
}

/** A mistake of the emulator, or of the fault that was scripted, must not look like one of the platform. */
function reportFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) cutConnection(response)
  else response.writeHead(500, { 'content-type': 'text/plain' }).end(`the emulator failed: ${String(error)}`)
}

function logEntry(
  { request }: Wire,
  known: { service: PlatformService; route: Route | undefined; body: string; arrivedAt: number },
): LoggedRequest {
  return {
    platform: known.service.platform,
    routes: known.route?.names ?? [],
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    headers: request.headers,
    body: known.body,
    arrivedAt: known.arrivedAt,
    sentBytes: 0,
  }
}

function noteFlight(
  world: World,
  platform: EmulatedPlatform,
  { route, response }: { route: Route; response: ServerResponse },
): void {
  const lineage =
    route.credential === undefined ? undefined : world.ledger.find(platform, route.credential)?.lineage
  if (!lineage) return
  lineage.tokenCalls += 1
  lineage.inFlight += 1
  lineage.inFlightMax = Math.max(lineage.inFlightMax, lineage.inFlight)
  response.once('close', () => {
    lineage.inFlight -= 1
  })
}

function countAgainstBudget(
  { world }: ServerParts,
  platform: EmulatedPlatform,
  recent: Map<EmulatedPlatform, number[]>,
): boolean {
  const budget = world.settings.budget(platform)
  if (budget === undefined) return false
  const now = performance.now()
  const lastSecond = (recent.get(platform) ?? []).filter((at) => at > now - 1000)
  const isOver = lastSecond.length >= budget
  recent.set(platform, isOver ? lastSecond : [...lastSecond, now])
  return isOver
}

function toCall(parts: ServerParts, request: IncomingMessage, known: { body: string; prefix: string }): Call {
  const url = new URL(request.url ?? '/', parts.origin())
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  return {
    method: request.method ?? 'GET',
    path: url.pathname.slice(known.prefix.length),
    query: url.searchParams,
    form: new URLSearchParams(isForm ? known.body : ''),
    json: isForm ? {} : parseJson(known.body),
    headers: request.headers,
    origin: parts.origin(),
  }
}

function parseJson(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body)
    return isRecord(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  const body: AsyncIterable<Buffer> = request
  for await (const bytes of body) {
    length += bytes.length
    if (length > largestBody) throw new Error('the request body is larger than the emulator reads')
    pieces.push(bytes)
  }
  return Buffer.concat(pieces).toString('utf8')
}
