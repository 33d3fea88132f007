import { base64url } from '../domain/model/bytes.ts'
import { STATE_LIFETIME_MS } from '../domain/model/pending-authorization.ts'
import type { ConnectionLabel, ProviderName } from '../domain/model/identifiers.ts'
import { SECOND_MS } from '../domain/model/time.ts'
import type { Instant } from '../domain/model/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Digest } from '../ports/digest.ts'
import type { RandomSource } from '../ports/random-source.ts'
import { cookiesOf, hostCookie } from './cookies.ts'
import type { WebKeys } from './web-keys.ts'

const PREFIX = '__Host-cgk_flow_'
const FLOW_NAME = /^__Host-cgk_flow_[A-Za-z0-9_-]{16}$/
const MAX_FLOWS = 5
/** Longer URLs are left out: five cookies must fit into the 16 KB that servers allow for all headers. */
const MAX_CARRIED_URL_LENGTH = 512

/** What the browser that started the flow brings back. */
export interface ReturningFlow {
  /** The secret that the flow was bound to at its start. */
  readonly browser: string
  readonly startedAt: Instant
  readonly label: ConnectionLabel
  /** Where the browser goes when no connection is made; absent when the URL was too long for the cookie. */
  readonly returnUrl: string | undefined
  /** The origin that is told the outcome, for a flow in a popup. */
  readonly opener: string | undefined
}

export interface NewFlow {
  readonly provider: ProviderName
  readonly state: string
  readonly browser: string
  readonly label: ConnectionLabel
  readonly returnUrl: string
  readonly opener: string | undefined
}

export interface FlowCookiesDependencies {
  readonly clock: Clock
  readonly digest: Digest
  readonly random: RandomSource
  readonly keys: WebKeys
}

/**
 * The cookie that ties a flow to the browser that started it. Each flow has its own, named by a hash of provider and state,
 * so that a state sent to another platform's callback finds no cookie and deletes none.
 * Its value is `<started, seconds>.<secret>.<label>.<returnUrl>.<opener>.<MAC>`.
 */
export class FlowCookies {
  readonly #deps: FlowCookiesDependencies

  constructor(dependencies: FlowCookiesDependencies) {
    this.#deps = dependencies
  }

  newSecret(): string {
    return base64url(this.#deps.random.bytes(32))
  }

  /** The cookie of a new flow, and the deletions that make room when a browser has too many. */
  async begin(request: Request, flow: NewFlow): Promise<readonly string[]> {
    const name = this.#nameOf(flow.provider, flow.state)
    const startedAt = Math.floor(this.#deps.clock.now() / SECOND_MS).toString(36)
    const carried = flow.returnUrl.length > MAX_CARRIED_URL_LENGTH ? '' : flow.returnUrl
    const texts = [flow.label, carried, flow.opener ?? ''].map((text) => encode(text))
    const content = [startedAt, flow.browser, ...texts].join('.')
    const value = `${content}.${await this.#deps.keys.sign('flow', [name, content])}`
    const evicted = flowsOf(request).slice(0, -(MAX_FLOWS - 1))
    return [
      ...evicted.map((old) => hostCookie(old, '', 0)),
      hostCookie(name, value, STATE_LIFETIME_MS / SECOND_MS),
    ]
  }

  /** What the browser brought for this state, if it is the browser that started the flow. */
  async find(request: Request, provider: ProviderName, state: string): Promise<ReturningFlow | undefined> {
    const name = this.#nameOf(provider, state)
    const value = cookiesOf(request).get(name) ?? ''
    const content = value.slice(0, Math.max(value.lastIndexOf('.'), 0))
    const signature = value.slice(content.length + 1)
    if (!(await this.#deps.keys.isSigned('flow', [name, content], signature))) return undefined
    const [startedAt = '', browser = '', label = '', returnUrl = '', opener = ''] = content.split('.')
    return {
      browser,
      startedAt: Number.parseInt(startedAt, 36) * SECOND_MS,
      label: decode(label),
      returnUrl: decode(returnUrl) || undefined,
      opener: decode(opener) || undefined,
    }
  }

  /** Deletes this state's cookie in the browser. */
  end(provider: ProviderName, state: string): string {
    return hostCookie(this.#nameOf(provider, state), '', 0)
  }

  #nameOf(provider: ProviderName, state: string): string {
    return PREFIX + this.#deps.digest.sha256(`flow:${provider}:${state}`).slice(0, 16)
  }
}

/** Names of the browser's flow cookies, oldest first. */
function flowsOf(request: Request): readonly string[] {
  return [...cookiesOf(request)]
    .filter(([name]) => FLOW_NAME.test(name))
    .sort(([, left], [, right]) => startOf(left) - startOf(right))
    .map(([name]) => name)
}

function startOf(value: string): number {
  const startedAt = Number.parseInt(value.split('.', 1)[0] ?? '', 36)
  return Number.isFinite(startedAt) ? startedAt : 0
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}
