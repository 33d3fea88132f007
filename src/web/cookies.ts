/** The cookies of a request. A name that is sent twice is left out: nobody can say which one is ours. */
export function cookiesOf(request: Request): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  const repeated = new Set<string>()
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const separator = pair.indexOf('=')
    if (separator < 1) continue
    const name = stripped(pair.slice(0, separator))
    if (cookies.has(name)) repeated.add(name)
    cookies.set(name, stripped(pair.slice(separator + 1)))
  }
  for (const name of repeated) cookies.delete(name)
  return cookies
}

/**
 * Strips only the whitespace that HTTP allows around a name or value. Stripping more would be unsafe: a browser does not
 * treat `__Host-` after a no-break space as the prefix, so any host could plant such a cookie.
 */
function stripped(text: string): string {
  let [from, to] = [0, text.length]
  while (isBlank(text[from])) from += 1
  while (to > from && isBlank(text[to - 1])) to -= 1
  return text.slice(from, to)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** `__Host-` makes the browser insist on Secure, Path=/ and no Domain: no other host can plant one (RFC 6265bis §4.1.3.2). */
export function hostCookie(name: string, value: string, maxAgeSeconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`
}
