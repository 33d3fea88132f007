import { responseInvalid } from '../http/failures.ts'
import type { HttpAnswer, ProviderHttp } from '../http/provider-http.ts'

/** What oauth4webapi hands to its `customFetch`, as far as it is used here. */
interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: URLSearchParams | null | undefined
}

export type FetchOver = (url: string, init: FetchInit) => Promise<Response>

/** Lets oauth4webapi speak through our client, with its limits: no redirects, bounded, never repeated. */
export function fetchOver(http: ProviderHttp, bodyFormat: 'form' | 'json' = 'form'): FetchOver {
  return async (url, init) => {
    if (init.method !== 'POST') {
      return toResponse(await http.send({ method: 'GET', url, headers: init.headers }))
    }
    const form = init.body ?? new URLSearchParams()
    const isJson = bodyFormat === 'json'
    const headers = isJson ? { ...init.headers, 'content-type': 'application/json' } : init.headers
    const body = isJson ? JSON.stringify(Object.fromEntries(form)) : form.toString()
    return toResponse(await http.send({ method: 'POST', url, headers, body }))
  }
}

const FORWARDED = ['content-type', 'retry-after', 'www-authenticate']

/** `Response` refuses a body with some statuses, and statuses that HTTP does not know. */
function toResponse(answer: HttpAnswer): Response {
  const { status, text } = answer
  if (status < 200 || status > 599) throw responseInvalid()
  const headers = new Headers()
  for (const name of FORWARDED) {
    const value = answer.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  const hasBody = status !== 204 && status !== 205 && status !== 304
  return new Response(hasBody ? text : null, { status, headers })
}
