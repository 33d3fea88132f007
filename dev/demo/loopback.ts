import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'

/** A server on every loopback address there is, as browsers may choose either for `localhost`. */
export interface LoopbackServer {
  readonly port: number
  close(): Promise<void>
}

/** Listens on the first of the ports that is free on all of them. Nothing when none is. */
export async function listenOnLoopback(
  ports: readonly number[],
  listener: (port: number) => RequestListener,
): Promise<LoopbackServer | undefined> {
  for (const port of ports) {
    const servers = await listenOn(port, listener(port))
    if (servers !== undefined) return { port, close: () => closeAll(servers) }
  }
  return undefined
}

async function listenOn(port: number, listener: RequestListener): Promise<readonly Server[] | undefined> {
  const servers: Server[] = []
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer(listener)
    const problem = await problemOfListening(server, port, host)
    if (problem === undefined) servers.push(server)
    else if (problem === 'EADDRINUSE') {
      await closeAll(servers)
      return undefined
    }
  }
  return servers.length === 0 ? undefined : servers
}

/** Why it cannot listen there; a machine without IPv6 is no problem. */
function problemOfListening(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen(port, host, () => resolve(undefined))
  })
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        }),
    ),
  )
}
