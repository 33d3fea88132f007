import { request as send } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createIntegrationsHandler } from '../../src/web/index.ts'
import type { FetchHandler, Principal } from '../../src/web/index.ts'
import { startGrantingPlatform } from './granting-platform.ts'
import type { GrantingPlatform } from './granting-platform.ts'
import { BASE, HOSTS } from './mounted-hosts.ts'
import { newTenant, openWorld, ORIGIN } from './world.ts'

interface Answer {
  readonly status: number
  readonly location: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A browser as far as these checks need one: it keeps cookies, and is signed in as whom a header names. */
class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #port: number
  readonly #user: string

  constructor(port: number, user: string) {
    this.#port = port
    this.#user = user
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#send('GET', path, headers)
  }

  async submitStart(headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const page = await this.get(BASE)
    const token = /name="csrfToken" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const form = new URLSearchParams({ csrfToken: token, returnUrl: '/settings' }).toString()
    return this.#send(
      'POST',
      `${BASE}/acme/start`,
      {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(form.length),
        origin: ORIGIN,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      form,
    )
  }

  async startedState(): Promise<string> {
    const { location, status } = await this.submitStart()
    const state = URL.canParse(location) ? new URL(location).searchParams.get('state') : null
    if (state === null) throw new Error(`not sent to the platform: ${status} ${location}`)
    return state
  }

  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      send(
        {
          ...{ host: '127.0.0.1', port: this.#port, method, path },
          headers: { cookie, 'x-test-user': this.#user, ...headers },
        },
        resolve,
      )
        .on('error', reject)
        .end(body)
    })
    let text = ''
    for await (const chunk of message) text += String(chunk)
    for (const line of message.headers['set-cookie'] ?? []) this.#keep(line)
    const { statusCode: status = 0, headers: received } = message
    return { status, location: received.location ?? '', headers: received, body: text }
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/max-age=0(;|$)/i.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

async function mounted(mount: (handler: FetchHandler) => Promise<number>): Promise<{
  readonly acme: GrantingPlatform
  readonly visitor: (user: string) => Visitor
}> {
  const acme = await startGrantingPlatform()
  const container = (await openWorld({ platforms: [acme] })).process()
  const tenantId = newTenant()
  const authenticate = (request: Request): Principal => ({
    tenantId,
    userId: request.headers.get('x-test-user') ?? '',
  })
  const handler = createIntegrationsHandler({ container, baseUrl: ORIGIN, authenticate })
  const port = await mount(handler)
  return { acme, visitor: (user) => new Visitor(port, user) }
}

function callback(state: string, more = ''): string {
  return `${BASE}/acme/callback?code=the-code&state=${state}${more}`
}

test.each(Object.entries(HOSTS))(
  'mounted in %s, a flow cannot be started from elsewhere, finished by others or twice, or bent by headers',
  async (_name, mount) => {
    const { acme, visitor } = await mounted(mount)
    const [ada, eve] = [visitor('ada'), visitor('eve')]

    const crossSite = await ada.submitStart({
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    })
    expect(crossSite.status).toBe(403)
    expect((await ada.get(`${BASE}/acme/start`)).status).toBe(405)

    const stolen = await ada.startedState()
    expect((await eve.get(callback(stolen))).status).toBe(403)

    const doubled = await ada.startedState()
    expect((await ada.get(callback(doubled, `&state=${doubled}`))).status).toBe(400)
    expect(acme.requests).toHaveLength(0)

    const state = await ada.startedState()
    const cookies = new Map(ada.cookies)
    expect([...cookies.keys()].some((name) => name.startsWith('__Host-cgk_flow_'))).toBe(true)
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-tenant-id': 'tenant-b' }
    const completed = await ada.get(callback(state), evil)
    expect([completed.status, completed.location]).toEqual([
      303,
      '/settings?integration=acme&result=connected',
    ])
    expect(completed.headers['cache-control']).toContain('no-store')
    expect(completed.headers['referrer-policy']).toBe('no-referrer')
    expect(completed.headers['set-cookie']?.join()).toMatch(/__Host-cgk_flow_[\w-]{16}=; .*Max-Age=0/)
    expect(acme.exchanges.map(({ parameters }) => parameters.get('redirect_uri'))).toEqual([
      acme.settings.redirectUri,
    ])

    await ada.get(callback(state))
    for (const [name, value] of cookies) ada.cookies.set(name, value)
    await ada.get(callback(state))
    expect(acme.exchanges).toHaveLength(1)
  },
  180_000,
)
