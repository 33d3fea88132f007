import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Container } from 'inversify'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { emulatorApps } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { createIntegrationsHandler, toNodeHandler } from '../../src/web/index.ts'
import { demoStyle } from './demo-style.ts'
import { DemoTools } from './demo-tools.ts'
import { signInBar } from './sign-in-bar.ts'
import { newSession, principalOf, sessionOf } from './tenants.ts'

export interface DemoHostOptions {
  readonly container: Container
  readonly emulator: Emulator
  /** `http://localhost:3000`. */
  readonly baseUrl: string
  readonly setRemaining: (key: ConnectionKey, remainingMs: number) => Promise<void>
}

export const PAGE_PATH = '/settings/integrations'
const BASE_PATH = '/api/integrations'

/** A small host application, as a listener of `node:http`: two tenants, one settings page, and tools to disturb it. */
export function demoHost(
  options: DemoHostOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const tools = new DemoTools(options)
  const integrations = createIntegrationsHandler({
    container: options.container,
    baseUrl: options.baseUrl,
    basePath: BASE_PATH,
    authenticate: principalOf,
    metaCallbacks: { appId: emulatorApps.meta.clientId, appSecrets: [emulatorApps.meta.clientSecret] },
    page: {
      path: PAGE_PATH,
      stylesheets: ['/demo.css'],
      header: (_principal, request) => {
        const session = sessionOf(request)
        return session === undefined ? '' : signInBar(session).text
      },
      footer: async (_principal, request) => {
        const session = sessionOf(request)
        return session === undefined || !isOverview(request) ? '' : (await tools.panel(session)).text
      },
    },
  })
  return toNodeHandler(async (request) => {
    if (request.headers.get('host') !== new URL(options.baseUrl).host)
      return new Response(null, { status: 421 })
    const { pathname } = new URL(request.url)
    if (pathname === '/demo.css') return new Response(demoStyle, { headers: { 'content-type': 'text/css' } })
    if (pathname.startsWith('/demo/')) return answerDemo(request, options.baseUrl, tools)
    const isOurs = pathname.startsWith(BASE_PATH) || pathname.startsWith(PAGE_PATH)
    if (!isOurs || (sessionOf(request) === undefined && isOverview(request))) return toPage(request)
    return integrations(request)
  })
}

async function answerDemo(request: Request, baseUrl: string, tools: DemoTools): Promise<Response> {
  if (request.method !== 'POST' || request.headers.get('origin') !== baseUrl) {
    return new Response('Use the buttons on the page.', { status: 403 })
  }
  const form = new URLSearchParams(await request.text())
  const session = sessionOf(request)
  if (new URL(request.url).pathname === '/demo/switch' || session === undefined) {
    return seeOther(newSession(form.get('tenant')).cookie)
  }
  await tools.use(form.get('tool') ?? '', form.get('provider') ?? '', session)
  return seeOther()
}

function isOverview(request: Request): boolean {
  return new URL(request.url).pathname === PAGE_PATH
}

function toPage(request: Request): Response {
  return seeOther(sessionOf(request) === undefined ? newSession().cookie : undefined)
}

function seeOther(cookie?: string): Response {
  const headers = new Headers({ location: PAGE_PATH, 'cache-control': 'no-store' })
  if (cookie !== undefined) headers.set('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}
