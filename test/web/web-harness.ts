import { Container } from 'inversify'

import { KeyRing } from '../../src/adapters/aes-gcm/index.ts'
import { aesGcmModule } from '../../src/application/container/aes-gcm-module.ts'
import { coreModule } from '../../src/application/container/core-module.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { memoryModule } from '../../src/application/container/memory-module.ts'
import { nodeModule } from '../../src/application/container/node-module.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ProviderClient } from '../../src/ports/provider-client.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'
import { createIntegrationsHandler } from '../../src/web/index.ts'
import type { HandlerOptions, Principal } from '../../src/web/index.ts'
import { ScriptedKlaviyo, ScriptedPlatform } from './scripted-platform.ts'

export const ORIGIN = 'https://app.example.com'
export const BASE = '/api/integrations'
const ENCRYPTION_KEY = 'a-key-of-the-tests-that-is-long-enough-0123456789'
export const TENANT_A: Principal = { tenantId: 'tenant-a', userId: 'user-a1', sessionId: 'session-a1' }
export const TENANT_B: Principal = { tenantId: 'tenant-b', userId: 'user-b1', sessionId: 'session-b1' }

export interface Web {
  readonly meta: ScriptedPlatform
  readonly google: ScriptedPlatform
  readonly klaviyo: ScriptedKlaviyo
  readonly clock: FixedClock
  readonly container: Container
  readonly logged: string[]
  readonly handler: (request: Request) => Promise<Response>
  browser(principal: Principal | null): Browser
}

/** The handler over the memory adapters; who is signed in is what the browser of a test says in a header of its own. */
export function openWeb(options: Partial<HandlerOptions> = {}, key = ENCRYPTION_KEY): Web {
  const clock = new FixedClock()
  const logged: string[] = []
  const meta = new ScriptedPlatform('meta', 'Meta Ads')
  const google = new ScriptedPlatform('google_ads', 'Google Ads')
  const klaviyo = new ScriptedKlaviyo()
  const container = containerOver(clock, [meta, google, klaviyo], logged, key)
  const handler = createIntegrationsHandler({
    container,
    baseUrl: ORIGIN,
    authenticate: (request) => principalOf(request.headers.get('x-test-session')),
    ...options,
  })
  return {
    ...{ meta, google, klaviyo, clock, container, logged, handler },
    browser: (principal) => new Browser(handler, principal),
  }
}

function principalOf(session: string | null): Principal | null {
  const known = [TENANT_A, TENANT_B, { tenantId: 'tenant-b', userId: 'user-a1', sessionId: 'session-a1' }]
  return known.find((one) => JSON.stringify(one) === session) ?? null
}

function containerOver(
  clock: FixedClock,
  platforms: readonly ProviderClient[],
  logged: string[],
  key: string,
): Container {
  const container = new Container()
  for (const platform of platforms) container.bind(IDS.ProviderClient).toConstantValue(platform)
  const logger = {
    log: (level: string, message: string, fields: unknown = {}) => {
      logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
    },
  }
  container.load(
    nodeModule({ clock }),
    memoryModule({ clock }),
    aesGcmModule({ rings: { general: new KeyRing({ name: 'TEST_KEY', primary: key }) } }),
    coreModule({
      owner: 'test',
      allowedReturnOrigins: ['https://other.example.com'],
      requireInitiator: false,
      missingProviders: new Map([['tiktok', ['TIKTOK_APP_SECRET: is missing']]]),
      logger,
    }),
  )
  return container
}

export interface Sent {
  readonly method?: string
  readonly form?: Readonly<Record<string, string>>
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Keeps cookies as a browser does, and says of its forms where they come from. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #handler: (request: Request) => Promise<Response>
  principal: Principal | null

  constructor(handler: (request: Request) => Promise<Response>, principal: Principal | null) {
    this.#handler = handler
    this.principal = principal
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.send(path, { method: 'GET', headers })
  }

  /** Submits a form of the page, with the token that the page carries. */
  async submit(path: string, form: Readonly<Record<string, string>> = {}): Promise<Response> {
    const csrfToken = await this.token()
    return this.post(path, { ...form, csrfToken })
  }

  async post(
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.send(path, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ORIGIN,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  async token(): Promise<string> {
    const html = await (await this.get(BASE)).text()
    const token = /name="csrfToken" value="([^"]+)"/.exec(html)?.[1]
    if (token === undefined) throw new Error(`no form on the page: ${html.slice(0, 200)}`)
    return token
  }

  async send(path: string, { method = 'GET', body, headers = {} }: Sent): Promise<Response> {
    const response = await this.#handler(
      new Request(`http://host.invalid${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: {
          cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          'x-test-session': JSON.stringify(this.principal),
          ...headers,
        },
      }),
    )
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    return response
  }

  /** Starts a connection and consents; gives the callback that the platform sends the browser to. */
  async startAndConsent(provider = 'meta', form: Readonly<Record<string, string>> = {}): Promise<string> {
    const started = await this.submit(`${BASE}/${provider}/start`, form)
    return callbackFor(provider, stateOf(started))
  }

  async connect(provider = 'meta', form: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.get(await this.startAndConsent(provider, form))
  }

  #keep(cookie: string): void {
    const [pair = ''] = cookie.split(';', 1)
    const name = pair.slice(0, pair.indexOf('='))
    if (/max-age=0(;|$)/i.test(cookie)) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(name.length + 1))
  }
}

export function stateOf(started: Response): string {
  const location = started.headers.get('location') ?? ''
  const state = URL.canParse(location) ? new URL(location).searchParams.get('state') : null
  if (state === null) throw new Error(`not sent to the platform: ${started.status} ${location}`)
  return state
}

export function callbackFor(provider: string, state: string, code = 'a-code'): string {
  return `${BASE}/${provider}/callback?${new URLSearchParams({ code, state }).toString()}`
}

export function keyOf(principal: Principal, provider = 'meta', label = 'default'): ConnectionKey {
  return { tenantId: parseTenantId(principal.tenantId), provider, label }
}
