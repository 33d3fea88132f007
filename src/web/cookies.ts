/** The cookies of a request. A name that is sent twice is left out: nobody can say which one is ours. */
export function cookiesOf(request: Request): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  const repeated = new Set<string>()
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const separator = pair.indexOf('=')
    if (separator < 1) continue
    const name = pair.slice(0, separator).trim()
    if (cookies.has(name)) repeated.add(name)
    cookies.set(name, pair.slice(separator + 1).trim())
  }
  for (const name of repeated) cookies.delete(name)
  return cookies
}

/** `__Host-` makes the browser insist on Secure, Path=/ and no Domain: no other host can plant one (RFC 6265bis §4.1.3.2). */
export function hostCookie(name: string, value: string, maxAgeSeconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`
}
