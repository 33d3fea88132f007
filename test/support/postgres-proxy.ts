import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { frontendMessages } from './frontend-messages.ts'
import type { FrontendMessage } from './frontend-messages.ts'

/** A way to Postgres, or to PgBouncer, on which a test decides what comes through. */
export interface PostgresProxy {
  /** The same database, over the proxy. */
  readonly url: string
  /** Cuts every connection and refuses new ones, until it is up again. */
  setDown(isDown: boolean): void
  /** From now on nothing is read from the connections there are, and nothing answered; they stay open. */
  freeze(): void
  /**
   * Lets refreshed tokens through no further: at `commit` the server executes the statement that stores them, and never
   * hears that it is complete; at `ack` it commits, and its answer goes nowhere.
   */
  holdStores(at: 'commit' | 'ack'): void
  /** How many refreshed tokens have reached the server under `holdStores`. */
  heldStores(): number
  close(): Promise<void>
}

/** The statement is one for any number of tokens; each carries an id of its own, also when it is tried again. */
const WRITE_ID = /"write_id":"([^"]+)"/g

export async function postgresProxy(target: string): Promise<PostgresProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const held = new Set<string>()
  let isDown = false
  let hold: 'commit' | 'ack' | undefined

  const server = createServer((near) => {
    if (isDown) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    join(near, far, sockets)
    let isStoring = false
    const isKept = ({ type, content }: FrontendMessage): boolean => {
      if (type === 'P' && hold !== undefined) isStoring = content.includes('integrations_store(')
      if (type === 'B' && isStoring) for (const [, id = ''] of content.matchAll(WRITE_ID)) held.add(id)
      return type === 'S' && isStoring && hold === 'commit'
    }
    near.on(
      'data',
      frontendMessages((message) => isKept(message) || far.write(message.bytes)),
    )
    far.on('data', (bytes: Buffer) => (isStoring && hold === 'ack') || near.write(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: urlOf(target, server.address()),
    setDown: (value) => {
      isDown = value
      if (value) for (const socket of sockets) socket.destroy()
    },
    freeze: () => {
      for (const socket of sockets) socket.pause()
    },
    holdStores: (at) => {
      hold = at
    },
    heldStores: () => held.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(near: Socket, far: Socket, sockets: Set<Socket>): void {
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
  }
}

function urlOf(target: string, address: ReturnType<ReturnType<typeof createServer>['address']>): string {
  const url = new URL(target)
  url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : ''}`
  return url.href
}
