import { isLoopback } from '../../../domain/model/loopback.ts'
import { ConfigInvalidError } from '../../../domain/errors.ts'

export interface EndpointRules {
  /** What the setting is called, to begin the message with. */
  readonly name?: string
  /** Let plain HTTP through, to this machine and nowhere else: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
}

/**
 * The endpoint as it will be called, or why it may not be: plain HTTP (RFC 6749 §3.2), credentials or a fragment in it.
 * @throws ConfigInvalidError which never repeats the value
 */
export function parseEndpoint(text: string, rules: EndpointRules = {}): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const problem = url === undefined ? 'must be an absolute URL' : problemOf(url, rules)
  if (url !== undefined && problem === undefined) return url.href
  throw new ConfigInvalidError([rules.name === undefined ? `${problem}` : `${rules.name}: ${problem}`])
}

/** Whether a request may go to `url`: TLS everywhere, but for this very machine when that is allowed. */
export function isSafeUrl(url: URL, allowLoopbackHttp: boolean): boolean {
  if (url.protocol === 'https:') return true
  return allowLoopbackHttp && url.protocol === 'http:' && isLoopback(url.hostname)
}

function problemOf(url: URL, { allowLoopbackHttp = false }: EndpointRules): string | undefined {
  if (url.username !== '' || url.password !== '') return 'must not carry credentials'
  if (url.hash !== '') return 'must not carry a fragment'
  if (isSafeUrl(url, allowLoopbackHttp)) return undefined
  return allowLoopbackHttp ? 'must be https, or http on loopback' : 'must be https'
}
