import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { RequestListener, Server } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { getRequestListener } from '@hono/node-server'
import { vi } from 'vitest'
import { toNextRouteHandlers, toNodeHandler } from '../../src/web/index.ts'
import type { FetchHandler, NextRouteHandlers } from '../../src/web/index.ts'
import { afterwards } from './world.ts'

export const BASE = '/api/integrations'

const require = createRequire(import.meta.url)

/** Ways in which a host mounts the handler; each gives the port it listens on. */
export const HOSTS: Readonly<Record<string, (handler: FetchHandler) => Promise<number>>> = {
  'node:http': (handler) => listen(listenerOf(handler)),
  Express: (handler) => {
    const app = express()
    app.use(BASE, toNodeHandler(handler))
    return listen(app)
  },
  Fastify: async (handler) => {
    const node = toNodeHandler(handler)
    const app = fastify()
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => {
      done(null)
    })
    app.all(`${BASE}*`, (request, reply) => {
      reply.hijack()
      void node(request.raw, reply.raw)
    })
    afterwards(() => app.close())
    return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  },
  Hono: (handler) => {
    const app = new Hono()
    app.all(`${BASE}/*`, (context) => handler(context.req.raw))
    app.all(BASE, (context) => handler(context.req.raw))
    const listener = getRequestListener(app.fetch)
    return listen((request, response) => void listener(request, response))
  },
  'Next.js': mountInNext,
}

declare global {
  /** Where the route of the Next.js app below finds what it is to export. */
  var integrationsRoutes: NextRouteHandlers | undefined
}

const ROUTE = `
export const dynamic = 'force-dynamic'
export const GET = (...given) => globalThis.integrationsRoutes.GET(...given)
export const HEAD = (...given) => globalThis.integrationsRoutes.HEAD(...given)
export const POST = (...given) => globalThis.integrationsRoutes.POST(...given)
export const OPTIONS = (...given) => globalThis.integrationsRoutes.OPTIONS(...given)
`

/** A Next.js app of one route: a production build, and the server that `next start` runs, within this process. */
async function mountInNext(handler: FetchHandler): Promise<number> {
  globalThis.integrationsRoutes = toNextRouteHandlers(handler)
  mkdirSync('.cache', { recursive: true })
  // Inside the project, where Next.js finds itself and React.
  const folder = mkdtempSync(join(process.cwd(), '.cache', 'next-host-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  const route = join(folder, 'app', 'api', 'integrations', '[[...path]]')
  mkdirSync(route, { recursive: true })
  writeFileSync(join(route, 'route.js'), ROUTE)
  writeFileSync(
    join(folder, 'app', 'layout.js'),
    'export default function Layout({ children }) {\n  return children\n}\n',
  )
  vi.stubEnv('NEXT_TELEMETRY_DISABLED', '1')
  vi.stubEnv('NODE_ENV', 'production')
  afterwards(() => vi.unstubAllEnvs())
  await promisify(execFile)(process.execPath, [require.resolve('next/dist/bin/next'), 'build', folder])
  const app = createNext()({ dev: false, dir: folder, quiet: true })
  await app.prepare()
  afterwards(() => app.close())
  const handle = app.getRequestHandler()
  return listen((request, response) => void handle(request, response))
}

interface NextApp {
  prepare(): Promise<void>
  close(): Promise<void>
  getRequestHandler(): (...given: Parameters<RequestListener>) => Promise<void>
}

type CreateNext = (options: Readonly<Record<string, unknown>>) => NextApp

/** Not imported: its types would make NODE_ENV a required variable everywhere in this project. */
function createNext(): CreateNext {
  const found: unknown = require('next')
  if (!isCreateNext(found)) throw new Error('next exports no function')
  return found
}

function isCreateNext(value: unknown): value is CreateNext {
  return typeof value === 'function'
}

function listenerOf(handler: FetchHandler): RequestListener {
  const node = toNodeHandler(handler)
  return (request, response) => void node(request, response)
}

async function listen(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterwards(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}
