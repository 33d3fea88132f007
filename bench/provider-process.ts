import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * A token endpoint of its own process: it answers a refresh after the delay given as argument, with a token that is new
 * each time, and counts what it was asked for.
 */
const delayMs = Number(process.argv[2])
const asked = new Map<string, number>()
let requests = 0

const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const refreshToken = new URLSearchParams(body).get('refresh_token') ?? ''
    requests += 1
    asked.set(refreshToken, (asked.get(refreshToken) ?? 0) + 1)
    setTimeout(() => {
      const access_token = `ya29.${String(requests).padStart(10, '0')}${'x'.repeat(185)}`
      const answer = JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 3_600 })
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      response.end(answer)
    }, delayMs)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', 1_024, () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ url: `http://127.0.0.1:${port}` })
})

process.on('message', () => {
  const most = [...asked.values()].reduce((high, count) => Math.max(high, count), 0)
  process.send?.({ requests, credentials: asked.size, maxOfOne: most })
})
process.on('disconnect', () => process.exit())

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}
