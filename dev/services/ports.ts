import { createServer } from 'node:net'

/** A TCP port of 127.0.0.1 that nobody listens on now. `below` keeps room above it, as a cluster bus needs. */
export async function freePort(below = 65_536): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = await offeredPort()
    if (port < below) return port
  }
  throw new Error(`no free TCP port below ${String(below)} on 127.0.0.1`)
}

function offeredPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => {
        resolve(port)
      })
    })
  })
}
