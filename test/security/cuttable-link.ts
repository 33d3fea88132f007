import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { frontendMessages } from '../support/frontend-messages.ts'
import type { FrontendMessage } from '../support/frontend-messages.ts'
import { afterwards } from './world.ts'

/** A way to a server that can be cut at once, as by a network that fails. */
export interface CuttableLink {
  /** The same URL, over the link. */
  readonly url: string
  cut(): void
  /** Lets the commit of the next new connection through to Postgres, and its answer nowhere; then cuts, or stays down. */
  loseNextAnswer(andStayDown: boolean): void
}

export async function cuttableLink(to: string): Promise<CuttableLink> {
  const target = new URL(to)
  const sockets = new Set<Socket>()
  let isCut = false
  let losing: { readonly andStayDown: boolean } | undefined
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
    let isSaving = false
    const pass = ({ bytes, content }: FrontendMessage): void => {
      far.write(bytes)
      if (content.includes('INSERT INTO public.integration_connections')) isSaving = true
      if (losing === undefined || !isSaving || !content.startsWith('COMMIT')) return
      isCut = losing.andStayDown
      losing = undefined
      far.unpipe(near).resume()
      far.once('data', () => near.destroy())
    }
    near.on('data', frontendMessages(pass))
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
  return {
    ...{ url: url.href, cut },
    loseNextAnswer: (andStayDown) => {
      losing = { andStayDown }
    },
  }
}
