import { randomUUID } from 'node:crypto'
import { jsonAnswer } from '../exchange.ts'
import type { Answer } from '../exchange.ts'

/** A JSON:API error as Klaviyo writes it: the status inside is a number. */
export function klaviyoProblem(
  status: number,
  problem: {
    readonly code: string
    readonly title: string
    readonly detail: string
    readonly parameter?: string
  },
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const { code, title, detail, parameter } = problem
  const source = parameter === undefined ? { pointer: '/data/' } : { parameter }
  return jsonAnswer(
    status,
    { errors: [{ id: randomUUID(), status, code, title, detail, source, meta: {} }] },
    { 'content-type': 'application/vnd.api+json', ...headers },
  )
}

/** 429: Retry-After in whole seconds, and none of the RateLimit headers. */
export function klaviyoThrottle(seconds = 1): Answer {
  const detail = `Request was throttled. Expected available in ${seconds} second.`
  return klaviyoProblem(
    429,
    { code: 'throttled', title: 'Request was throttled.', detail },
    { 'retry-after': String(seconds) },
  )
}
