import { createServer, request as send } from 'node:http'
import type { Server } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'

import { toNextRouteHandlers, toNodeHandler } from '../../src/web/index.ts'
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
