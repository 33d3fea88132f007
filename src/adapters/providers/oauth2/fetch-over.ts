import { responseInvalid } from '../../../domain/provider-failure.ts'
import type { HttpAnswer, HttpRequest, ProviderHttp } from '../http/provider-http.ts'

/** What oauth4webapi hands to its `customFetch`, as far as it is used here. */
interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: URLSearchParams | null | undefined
}

export type FetchOver = (url: string, init: FetchInit) => Promise<Response>

/** Lets oauth4webapi speak through our client, with its limits: no redirects, bounded, never repeated. */
export function fetchOver(http: ProviderHttp): FetchOver {
  return async (url, init) => {
    const answer = await send(http, 'form', url, init)
    const { status, text } = answer
    const contentType = answer.header('content-type')
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType }
    return new Response(mayHaveBody(status) ? text : null, { status, headers })
  }
}

/**
 * The same for whoever reads the answer as it is: what oauth4webapi gets has a status and nothing else, because to send a
 * body through a Response costs as much as to send the request.
 */
export function fetchAside(
  http: ProviderHttp,
  bodyFormat: 'form' | 'json',
  take: (answer: HttpAnswer) => void,
): FetchOver {
  return async (url, init) => {
    const answer = await send(http, bodyFormat, url, init)
    take(answer)
    return new Response(null, { status: answer.status })
  }
}

async function send(
  http: ProviderHttp,
  bodyFormat: 'form' | 'json',
  url: string,
  init: FetchInit,
): Promise<HttpAnswer> {
  const answer = await http.send({ ...requestOf(init, bodyFormat), url })
  // `Response` refuses statuses that HTTP does not know.
  if (answer.status < 200 || answer.status > 599) throw responseInvalid()
  return answer
}

function requestOf(init: FetchInit, bodyFormat: 'form' | 'json'): Omit<HttpRequest, 'url'> {
  if (init.method !== 'POST') return { method: 'GET', headers: init.headers }
  const form = init.body ?? new URLSearchParams()
  if (bodyFormat === 'form') return { method: 'POST', headers: init.headers, body: form.toString() }
  const headers = { ...init.headers, 'content-type': 'application/json' }
  return { method: 'POST', headers, body: JSON.stringify(Object.fromEntries(form)) }
}

/** `Response` refuses a body with these. */
function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}
