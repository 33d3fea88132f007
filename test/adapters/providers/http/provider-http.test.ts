import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import type {
  HttpAnswer,
  HttpRequest,
  ProviderHttpOptions,
} from '../../../../src/adapters/providers/http/provider-http.ts'
import { ProviderFailure } from '../../../../src/domain/provider-failure.ts'
import { startScriptedPlatform } from '../../../../src/testing/scripted-platform.ts'
import type { PlatformScript } from '../../../../src/testing/scripted-platform.ts'
import { selfSigned } from './certificate.ts'
import type { Certificate } from './certificate.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function client(options: ProviderHttpOptions = {}): (request: HttpRequest) => Promise<HttpAnswer> {
  const http = createProviderHttp({ allowLoopbackHttp: true, hardTimeoutMs: 2_000, ...options })
  cleanUps.push(http.close)
  return (request) => http.send(request)
}

async function platform(script: PlatformScript): Promise<Awaited<ReturnType<typeof startScriptedPlatform>>> {
  const scripted = await startScriptedPlatform()
  scripted.follow(script)
  cleanUps.push(scripted.close)
  return scripted
}

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Answers every connection with these bytes, whatever is asked. */
async function rawServer(answer: string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer))
  })
  return `http://127.0.0.1:${await listen(server)}/`
}

/** Answers with these bytes, then with `piece` for as long as somebody takes it, and counts what was taken. */
async function pouringServer(start: string, piece: string): Promise<{ url: string; poured(): number }> {
  let poured = 0
  const bytes = Buffer.from(piece)
  const server = createTcpServer((socket) => {
    const pour = (): void => {
      while (socket.writable && poured < 100_000_000) {
        poured += bytes.length
        if (!socket.write(bytes)) return
      }
    }
    socket.on('error', () => undefined)
    socket.on('drain', pour)
    socket.once('data', () => {
      socket.write(start)
      pour()
    })
    cleanUps.push(() => socket.destroy())
  })
  return { url: `http://127.0.0.1:${await listen(server)}/`, poured: () => poured }
}

async function failureOf(answer: Promise<HttpAnswer>): Promise<Partial<ProviderFailure>> {
  const error: unknown = await answer.then(
    ({ status }) => `HTTP ${status}`,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ProviderFailure)) throw new Error('no ProviderFailure', { cause: error })
  const { kind, delivery, providerCode } = error
  return { kind, delivery, providerCode }
}

describe('a request', () => {
  test('carries method, headers and body, and brings status, headers and text', async () => {
    const { url, requests } = await platform(({ body }) => ({
      status: 201,
      headers: { 'x-usage': '{"a":1}' },
      body: `got ${body} – thanks`,
    }))
    const answer = await client()({
      method: 'POST',
      url: `${url}/token?x=1`,
      headers: { authorization: 'Bearer abc' },
      body: 'a=ü',
    })
    expect([answer.status, answer.text]).toEqual([201, 'got a=ü – thanks'])
    expect([answer.header('X-Usage'), answer.header('constructor')]).toEqual(['{"a":1}', undefined])
    expect(requests[0]).toMatchObject({ method: 'POST', target: '/token?x=1', body: 'a=ü' })
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'content-length': '4' })
  })

  test.each([400, 401, 403, 404, 429, 500, 503])(
    'resolves with HTTP %i like with any answer',
    async (status) => {
      const { url } = await platform(() => ({ status, body: 'why' }))
      expect(await client()({ method: 'GET', url })).toMatchObject({ status, text: 'why' })
    },
  )

  test('goes over a connection that stands already', async () => {
    let connections = 0
    const server = createServer((_request, response) => response.end('{}'))
    server.on('connection', () => (connections += 1))
    const url = `http://127.0.0.1:${await listen(server)}/`
    const send = client()
    for (let turn = 0; turn < 5; turn += 1) await send({ method: 'GET', url })
    expect(connections).toBe(1)
  })

  test('waits for a free connection, and was not sent when none comes free in time', async () => {
    const { url, requests } = await platform(({ path }) =>
      path === '/slow' ? { hang: true } : { body: '{}' },
    )
    const send = client({ maxSockets: 1, hardTimeoutMs: 300 })
    const slow = failureOf(send({ method: 'GET', url: `${url}/slow` }))
    const queued = failureOf(send({ method: 'POST', url: `${url}/queued`, hardTimeoutMs: 150 }))
    expect(await queued).toEqual({ kind: 'transient', delivery: 'not_sent', providerCode: 'timeout' })
    expect(await slow).toEqual({ kind: 'transient', delivery: 'uncertain', providerCode: 'timeout' })
    expect(await send({ method: 'GET', url: `${url}/after` })).toMatchObject({ status: 200 })
    expect(requests.map(({ path }) => path)).toEqual(['/slow', '/after'])
  })

  test('under way is answered though the client is closed', async () => {
    const { url } = await platform(() => ({ drip: '{"a":1}', everyMs: 10 }))
    const http = createProviderHttp({ allowLoopbackHttp: true })
    const answer = http.send({ method: 'POST', url })
    http.close()
    expect(await answer).toMatchObject({ text: '{"a":1}' })
  })

  test('is not sent with a header that no header can be', async () => {
    const { url, requests } = await platform(() => ({ body: '{}' }))
    const answer = client()({ method: 'GET', url, headers: { authorization: 'Bearer a\r\nx: y' } })
    expect(await failureOf(answer)).toMatchObject({ delivery: 'not_sent', providerCode: 'request_invalid' })
    expect(requests).toEqual([])
  })

  test.each(['http://example.com/', 'http://10.0.0.1/', 'ftp://127.0.0.1/', 'no address'])(
    'is not sent to %s',
    async (url) => {
      const failure = { kind: 'misconfigured', delivery: 'not_sent', providerCode: 'endpoint_refused' }
      expect(await failureOf(client()({ method: 'GET', url }))).toEqual(failure)
    },
  )

  test('is not sent over plain HTTP, even to this machine, unless that is allowed', async () => {
    const { url, requests } = await platform(() => ({ body: '{}' }))
    const answer = client({ allowLoopbackHttp: false })({ method: 'GET', url })
    expect(await failureOf(answer)).toMatchObject({ kind: 'misconfigured', delivery: 'not_sent' })
    expect(requests).toEqual([])
  })
})

describe('a body', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('in %s is unpacked', async (encoding, compress) => {
    const { url } = await platform(() => ({
      headers: { 'content-encoding': encoding },
      body: compress(Buffer.from('{"a":"ü"}')),
    }))
    expect(await client()({ method: 'GET', url })).toMatchObject({ text: '{"a":"ü"}' })
  })

  test.each(['gzip', 'br'])('of nothing in %s is nothing', async (encoding) => {
    const { url } = await platform(() => ({ headers: { 'content-encoding': encoding } }))
    expect(await client()({ method: 'GET', url })).toMatchObject({ status: 200, text: '' })
  })

  test.each([
    ['in an unknown encoding', { 'content-encoding': 'zstd' }, 'x'],
    ['that is not what its encoding says', { 'content-encoding': 'gzip' }, 'plain text'],
    ['whose end is missing', { 'content-encoding': 'gzip' }, gzipSync('x'.repeat(500)).subarray(0, 20)],
    ['that is no UTF-8', {}, Uint8Array.of(0x22, 0xc3, 0x28, 0x22)],
  ] as const)('%s is refused', async (_title, headers, body) => {
    const { url } = await platform(() => ({ headers, body }))
    expect(await failureOf(client()({ method: 'GET', url }))).toEqual({
      kind: 'transient',
      delivery: 'uncertain',
      providerCode: 'response_invalid',
    })
  })

  test('may be exactly as large as the bound, and not a byte larger', async () => {
    const { url } = await platform(({ path }) => ({ body: 'x'.repeat(Number(path.slice(1))) }))
    const send = client({ maxBodyBytes: 1_000 })
    expect((await send({ method: 'GET', url: `${url}/1000` })).text).toHaveLength(1_000)
    expect(await failureOf(send({ method: 'GET', url: `${url}/1001` }))).toMatchObject({
      providerCode: 'response_invalid',
    })
    const larger = await send({ method: 'GET', url: `${url}/1001`, maxBodyBytes: 1_001 })
    expect(larger.text).toHaveLength(1_001)
  })

  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

  test.each([
    ['of one byte each', '1\r\nx\r\n'],
    ['that say four kilobytes beside their one byte', `1;${'a'.repeat(4_000)}\r\nx\r\n`],
  ])('in chunks %s is refused at twice its bound on the wire', async (_title, chunk) => {
    const { url, poured } = await pouringServer(chunked, chunk.repeat(16))
    const failure = await failureOf(client({ maxBodyBytes: 256 * 1024 })({ method: 'GET', url }))
    expect(failure).toMatchObject({ kind: 'transient', providerCode: 'response_invalid' })
    // What the operating system's buffers swallow cannot be called back.
    expect(poured()).toBeLessThan(8_000_000)
  })

  test('in small chunks is read whole, as often as the connection is used', async () => {
    const chunk = 'x'.repeat(20)
    let connections = 0
    const server = createServer((_request, response) => {
      for (let turn = 0; turn < 1_500; turn += 1) response.write(chunk)
      response.end()
    })
    server.on('connection', () => (connections += 1))
    const url = `http://127.0.0.1:${await listen(server)}/`
    const send = client({ maxBodyBytes: 30_000 })
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await send({ method: 'GET', url })).text).toBe(chunk.repeat(1_500))
    }
    expect(connections).toBe(1)
  })

  test('that stops before its announced length is a lost answer', async () => {
    const url = await rawServer('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"access_token":')
    expect(await failureOf(client()({ method: 'POST', url }))).toMatchObject({ delivery: 'uncertain' })
  })
})

describe('an answer', () => {
  test.each([300, 301, 302, 303, 304, 307, 308])('of HTTP %i is none', async (status) => {
    const { url, requests } = await platform(() => ({ status, headers: { location: '/elsewhere' } }))
    expect(await failureOf(client()({ method: 'POST', url }))).toEqual({
      kind: 'transient',
      delivery: 'uncertain',
      providerCode: 'response_invalid',
    })
    expect(requests).toHaveLength(1)
  })

  test('may be preceded by sixteen informational ones', async () => {
    const informed = (count: number): string => 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(count)
    const answered = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'
    const patient = await rawServer(`${informed(16)}${answered}`)
    expect(await client()({ method: 'GET', url: patient })).toMatchObject({ status: 200, text: '{}' })
    const slow = await rawServer(`${informed(17)}${answered}`)
    expect(await failureOf(client()({ method: 'GET', url: slow }))).toEqual({
      kind: 'transient',
      delivery: 'uncertain',
      providerCode: 'response_invalid',
    })
  })

  test.each(['102 Processing', '103 Early Hints', '100 Continue'])(
    'that never comes after %s is not waited for',
    async (status) => {
      const { url, poured } = await pouringServer('', `HTTP/1.1 ${status}\r\n\r\n`.repeat(100))
      expect(await failureOf(client()({ method: 'GET', url }))).toMatchObject({
        providerCode: 'response_invalid',
      })
      expect(poured()).toBeLessThan(8_000_000)
    },
  )

  test.each([
    ['that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['that is nothing', ''],
    [
      'that switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['with a header beyond all size', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n{}`],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
  ])('%s leaves uncertain what happened', async (_title, bytes) => {
    const url = await rawServer(bytes)
    expect(await failureOf(client()({ method: 'POST', url }))).toMatchObject({
      kind: 'transient',
      delivery: 'uncertain',
    })
  })
})

describe('TLS', () => {
  const day = 86_400_000
  const valid = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }

  async function tlsServer(certificate: Certificate): Promise<{ url: string; requests: string[] }> {
    const requests: string[] = []
    const server = createTlsServer(certificate, (request, response) => {
      requests.push(request.url ?? '')
      response.end('{}')
    })
    server.on('tlsClientError', () => undefined)
    return { url: `https://localhost:${await listen(server)}/`, requests }
  }

  test('carries a request where the certificate is trusted, for this host and not over', async () => {
    const over = { notBefore: new Date(0), notAfter: new Date(day) }
    const certificates = [
      selfSigned({ host: 'localhost', ...valid }),
      selfSigned({ host: 'other.example', ...valid }),
      selfSigned({ host: 'localhost', ...over }),
    ]
    const servers = await Promise.all(certificates.map(tlsServer))
    const folder = await mkdtemp(join(tmpdir(), 'trusted-'))
    cleanUps.push(() => rm(folder, { recursive: true }))
    const trusted = join(folder, 'trusted.pem')
    await writeFile(trusted, certificates.map(({ cert }) => cert).join(''))
    const probe = join(import.meta.dirname, 'tls-probe.ts')
    const run = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', probe, ...servers.map(({ url }) => url)],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted } },
    )
    expect(JSON.parse((await run).stdout)).toEqual([
      'HTTP 200',
      'not_sent ERR_TLS_CERT_ALTNAME_INVALID',
      'not_sent CERT_HAS_EXPIRED',
    ])
    expect(servers.map(({ requests }) => requests.length)).toEqual([1, 0, 0])
  })

  test('with a certificate that nobody vouches for carries no request', async () => {
    const { url, requests } = await tlsServer(selfSigned({ host: 'localhost', ...valid }))
    expect(await failureOf(client()({ method: 'POST', url, body: 'secret' }))).toEqual({
      kind: 'transient',
      delivery: 'not_sent',
      providerCode: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    expect(requests).toEqual([])
  })

  test('is checked even where the environment says not to', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const { url, requests } = await tlsServer(selfSigned({ host: 'localhost', ...valid }))
    expect(await failureOf(client()({ method: 'POST', url }))).toMatchObject({ delivery: 'not_sent' })
    expect(requests).toEqual([])
  })

  test('that is never established carries no request', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined)))
    const answer = client({ connectTimeoutMs: 100 })({ method: 'POST', url: `https://localhost:${port}/` })
    expect(await failureOf(answer)).toEqual({
      kind: 'transient',
      delivery: 'not_sent',
      providerCode: 'connect_timeout',
    })
  })

  test('spoken to a server without it carries no request', async () => {
    const { url } = await platform(() => ({ body: '{}' }))
    const answer = client()({ method: 'POST', url: url.replace('http:', 'https:') })
    expect(await failureOf(answer)).toMatchObject({ delivery: 'not_sent' })
  })
})

test('a host that does not exist was sent nothing', async () => {
  const answer = client()({ method: 'POST', url: 'https://no-such-host.invalid/' })
  expect(await failureOf(answer)).toMatchObject({ kind: 'transient', delivery: 'not_sent' })
})
