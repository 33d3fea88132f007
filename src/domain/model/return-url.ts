import { ReturnUrlRefusedError } from '../errors.ts'

const LONGEST = 2_048

/**
 * Decides at the start where the browser may go at the end (RFC 9700 §4.11.1): a path of the host itself, or an
 * absolute URL on an allow-listed origin, compared after parsing. Anything that two parsers could read differently
 * (backslashes, control characters, user information, encoded slashes at the front) is refused.
 * @throws ReturnUrlRefusedError
 */
export function parseReturnUrl(value: unknown, allowedOrigins: readonly string[]): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST || isAmbiguous(value)) {
    throw new ReturnUrlRefusedError()
  }
  if (value.startsWith('/')) {
    if (/^\/(\/|%2f|%5c|%09|%0a|%0d)/i.test(value)) throw new ReturnUrlRefusedError()
    return value
  }
  const url = parseAbsolute(value)
  if (
    url === undefined ||
    url.username !== '' ||
    url.password !== '' ||
    !allowedOrigins.includes(url.origin)
  ) {
    throw new ReturnUrlRefusedError()
  }
  return value
}

/** Browsers strip tabs and newlines inside a URL and read a backslash as a slash. */
function isAmbiguous(value: string): boolean {
  return !/^[\x21-\x5b\x5d-\x7e]+$/.test(value)
}

function parseAbsolute(value: string): URL | undefined {
  return /^https?:\/\/[^/@]+(\/|\?|#|$)/i.test(value) && URL.canParse(value) ? new URL(value) : undefined
}
