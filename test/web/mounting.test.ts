import { createServer, request as send } from 'node:http'
import type { Server } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ConfigInvalidError } from '../../src/domain/errors.ts'
import {
  createIntegrationsHandler,
  lazyHandler,
  nodeRequestOf,
  toNextRouteHandlers,
  toNodeHandler,
} from '../../src/web/index.ts'
import type { FetchHandler } from '../../src/web/index.ts'
import { BASE, openWeb, ORIGIN, TENANT_A } from './web-harness.ts'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
}

/** Opens the page, submits its form, and follows nothing: what a host's own wiring most often breaks. */
async function startOver(url: string): Promise<Response> {
  const session = { 'x-test-session': JSON.stringify(TENANT_A) }
  const page = await fetch(`${url}${BASE}`, { headers: session })
  const token = /name="csrfToken" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const [cookie = ''] = page.headers.getSetCookie().map((one) => one.split(';', 1)[0] ?? '')
  return fetch(`${url}${BASE}/meta/start`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ csrfToken: token, returnUrl: '/settings?a=1' }),
    headers: { ...session, cookie, origin: ORIGIN },
  })
}

function hosts(handler: FetchHandler): Readonly<Record<string, () => Promise<string>>> {
  const node = toNodeHandler(handler)
  return {
    'plain node:http': () => listen(createServer((request, response) => void node(request, response))),
    'Express, before a body parser': () => {
      const app = express()
      app.use(BASE, node)
      return listen(createServer(app))
    },
    'Express, after its body parsers': () => {
      const app = express()
      app.use(express.urlencoded({ extended: false }), express.json())
      app.use(BASE, node)
      return listen(createServer(app))
    },
    Fastify: async () => {
      const app = fastify()
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', (_request, _payload, done) => done(null))
      app.all(`${BASE}*`, (request, reply) => {
        reply.hijack()
        void node(request.raw, reply.raw)
      })
      closing.push(() => app.close())
      return app.listen({ port: 0, host: '127.0.0.1' })
    },
    Hono: () => {
      const app = new Hono()
      app.all(`${BASE}/*`, (context) => handler(context.req.raw))
      return listen(
        createServer(
          (request, response) => void toNodeHandler(async (one) => app.fetch(one))(request, response),
        ),
      )
    },
    'the route handlers of Next.js': () => {
      const { GET, POST } = toNextRouteHandlers(handler)
      const next = toNodeHandler((request) => (request.method === 'POST' ? POST(request) : GET(request)))
      return listen(createServer((request, response) => void next(request, response)))
    },
  }
}

describe('mounted in', () => {
  test.each(Object.keys(hosts(openWeb().handler)))(
    '%s, a form of the page leads to the platform',
    async (name) => {
      const url = await hosts(openWeb().handler)[name]?.()
      const started = await startOver(url ?? '')

      expect(started.status).toBe(303)
      expect(started.headers.get('location')).toMatch(/^https:\/\/www\.meta\.example\/authorize/)
      expect(started.headers.getSetCookie().join()).toContain('__Host-cgk_flow_')
    },
  )

  test('node:http, targets that are no paths are refused, and what Host claims reaches nobody', async () => {
    const seen: string[] = []
    const handler: FetchHandler = async (request) => {
      seen.push(request.url)
      return new Response('ok')
    }
    const node = toNodeHandler(handler)
    const { port } = new URL(await listen(createServer((request, response) => void node(request, response))))
    const statusOf = (path: string, headers: Record<string, string> = {}): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        send({ host: '127.0.0.1', port, path, headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })

    expect(await statusOf('//evil.example/x')).toBe(400)
    expect(await statusOf('http://evil.example/x')).toBe(400)
    expect(await statusOf('/x', { host: 'evil.example', 'x-forwarded-host': 'evil.example' })).toBe(200)
    expect(seen).toEqual(['http://host.invalid/x'])
  })
})

test('authenticate reaches what Express’s middleware left on its request', async () => {
  const seen: unknown[] = []
  const handler = createIntegrationsHandler({
    container: openWeb().container,
    baseUrl: ORIGIN,
    authorize: () => true,
    authenticate: (request) => {
      const incoming = nodeRequestOf(request) as { readonly session?: unknown } | undefined
      seen.push(incoming?.session)
      return TENANT_A
    },
  })
  const app = express()
  app.use((request, _response, next) => {
    Object.assign(request, { session: { user: 'user-1' } })
    next()
  })
  app.use(BASE, toNodeHandler(handler))
  const url = await listen(createServer(app))
  expect((await fetch(`${url}${BASE}/status`)).status).toBe(200)
  expect(seen).toEqual([{ user: 'user-1' }])
  expect(nodeRequestOf(new Request('https://app.example.com/'))).toBeUndefined()
})

describe('a handler that is made lazily', () => {
  const request = (): Request => new Request('https://app.example.com/')

  test('is made by the first request, and once, however many come with it', async () => {
    let made = 0
    const handler = lazyHandler(async () => {
      made += 1
      return async () => new Response('ok')
    })
    expect(made).toBe(0)
    const answers = await Promise.all([handler(request()), handler(request())])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    await handler(request())
    expect(made).toBe(1)
  })

  test('is tried again by the next request where it could not be made', async () => {
    const makes: (() => FetchHandler)[] = [
      () => {
        throw new ConfigInvalidError(['DATABASE_URL: is missing'])
      },
      () => async () => new Response('ok'),
    ]
    const handler = lazyHandler(() => makes.shift()?.() ?? Promise.reject(new Error('made too often')))
    await expect(handler(request())).rejects.toMatchObject({ code: 'config_invalid' })
    expect((await handler(request())).status).toBe(200)
  })

  test('tells why it could not be made, and no more, where node:http would keep silent', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const failures = [
      new ConfigInvalidError(['DATABASE_URL: is missing']),
      new Error('postgres://app:secret@db'),
    ]
    const node = toNodeHandler(lazyHandler(() => Promise.reject(failures.shift() ?? new Error())))
    const url = await listen(createServer((incoming, outgoing) => void node(incoming, outgoing)))
    expect([(await fetch(url)).status, (await fetch(url)).status]).toEqual([500, 500])
    const said = warned.mock.calls.map(([warning]) => String(warning))
    expect(said[0]).toContain('config_invalid: The configuration is not usable: DATABASE_URL: is missing')
    expect(said[1]).toContain('outside this library')
    expect(said.join()).not.toContain('secret')
    warned.mockRestore()
  })
})
