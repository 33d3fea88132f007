import { ConfigInvalidError } from '../../../domain/errors.ts'
import { isLoopback } from '../../../domain/model/loopback.ts'

export interface EndpointRules {
  /** What the setting is called, to begin the message with. */
  readonly name?: string
  /** Allow plain HTTP to this machine, and to no other: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean | undefined
}

/**
 * The endpoint as it will be called, or why it may not be: plain HTTP (RFC 6749 §3.2), credentials or a fragment in it.
 * @throws ConfigInvalidError which never repeats the value
 */
export function parseEndpoint(text: string, rules: EndpointRules = {}): string {
  const problem = problemOf(text, rules)
  if (problem === undefined) return new URL(text).href
  throw new ConfigInvalidError([rules.name === undefined ? problem : `${rules.name}: ${problem}`])
}

/** What is wrong with endpoints, each problem under the name of its setting; an endpoint that is not set is skipped. */
export function endpointProblems(
  endpoints: Readonly<Record<string, string | undefined>>,
  rules: Pick<EndpointRules, 'allowLoopbackHttp'>,
): readonly string[] {
  return Object.entries(endpoints).flatMap(([name, text]) => {
    const problem = text === undefined ? undefined : problemOf(text, rules)
    return problem === undefined ? [] : [`${name}: ${problem}`]
  })
}

/** What paths are appended to: an endpoint that was checked, without slashes at its end. */
export function baseOf(endpoint: string): string {
  return new URL(endpoint).href.replace(/\/+$/, '')
}

/** Whether a request may go to `url`: only over TLS, except to this machine when that is allowed. */
export function isSafeUrl(url: URL, allowLoopbackHttp: boolean): boolean {
  if (url.protocol === 'https:') return true
  return allowLoopbackHttp && url.protocol === 'http:' && isLoopback(url.hostname)
}

function problemOf(text: string, { allowLoopbackHttp = false }: EndpointRules): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'must not carry credentials'
  if (url.hash !== '') return 'must not carry a fragment'
  if (isSafeUrl(url, allowLoopbackHttp)) return undefined
  return allowLoopbackHttp ? 'must be https, or http on loopback' : 'must be https'
}
