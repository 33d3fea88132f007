import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'

/** Says where it listens, then that it was asked; answers a little later, gzipped as platforms do. */
const PLATFORM = `
const { createServer } = require('node:http')
const { parentPort } = require('node:worker_threads')
const { gzipSync } = require('node:zlib')
const server = createServer((request, response) => {
  parentPort.postMessage('asked')
  setTimeout(() => response.setHeader('content-encoding', 'gzip').end(gzipSync('{"a":1}')), 50)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`

test('an answer that arrived while the process stood still is taken, though its time has passed', async () => {
  const platform = new Worker(PLATFORM, { eval: true })
  try {
    const [port] = (await once(platform, 'message')) as [number]
    const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs: 300 })
    const answer = http.send({ method: 'POST', url: `http://127.0.0.1:${port}/` })
    answer.catch(() => undefined)
    await once(platform, 'message')
    standStill(600)
    expect(await answer).toMatchObject({ status: 200, text: '{"a":1}' })
  } finally {
    await platform.terminate()
  }
})

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
