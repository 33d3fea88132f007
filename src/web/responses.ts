/** On every answer: it may not be cached, framed or sniffed, and other sites get no referrer. */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export interface ResponseExtras {
  readonly status?: number
  readonly cookies?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

export function jsonResponse(value: unknown, extras: ResponseExtras = {}): Response {
  return build(JSON.stringify(value), 'application/json; charset=utf-8', extras)
}

export function htmlResponse(html: string, extras: ResponseExtras = {}): Response {
  return build(html, 'text/html; charset=utf-8', extras)
}

export function textResponse(text: string, contentType: string, extras: ResponseExtras = {}): Response {
  return build(text, contentType, extras)
}

/** 303: whatever the method was, the browser continues with GET (RFC 9110 §15.4.4). */
export function redirectResponse(location: string, extras: ResponseExtras = {}): Response {
  return new Response(null, { status: 303, headers: headersOf({ location }, extras) })
}

export function emptyResponse(extras: ResponseExtras): Response {
  return new Response(null, { status: extras.status ?? 204, headers: headersOf({}, extras) })
}

function build(body: string, contentType: string, extras: ResponseExtras): Response {
  return new Response(body, {
    status: extras.status ?? 200,
    headers: headersOf({ 'content-type': contentType }, extras),
  })
}

function headersOf(own: Readonly<Record<string, string>>, extras: ResponseExtras): Headers {
  const headers = new Headers({ ...SAFE_HEADERS, ...own, ...extras.headers })
  for (const cookie of extras.cookies ?? []) headers.append('set-cookie', cookie)
  return headers
}
