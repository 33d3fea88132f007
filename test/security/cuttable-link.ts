import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { afterwards } from './world.ts'

/** A way to a server that can be cut at once, as by a network that fails. */
export interface CuttableLink {
  /** The same URL, over the link. */
  readonly url: string
  cut(): void
}

export async function cuttableLink(to: string): Promise<CuttableLink> {
  const target = new URL(to)
  const sockets = new Set<Socket>()
  let isCut = false
  const link = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = createConnection({ host: target.hostname, port: Number(target.port) })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => link.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  afterwards(() => {
    cut()
    link.close()
  })
  const address = link.address()
  const url = new URL(to)
  url.host = `127.0.0.1:${String(typeof address === 'object' ? address?.port : '')}`
  return { url: url.href, cut }
}
