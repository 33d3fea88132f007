import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { KeyVault, KmsRefusal } from './key-vault.ts'
import { perform } from './operations.ts'
import type { KmsInput } from './operations.ts'
import { signatureProblem } from './request-signature.ts'
import type { SigningIdentity } from './request-signature.ts'

/** A call as it arrived: keys and plaintexts are not among it. */
export interface KmsCall {
  readonly operation: string
  readonly keyId: string | undefined
  readonly context: unknown
}

/** What goes wrong with the next `times` requests: an AWS error by its name, a cut connection, or a late answer. */
export type KmsFault = { readonly times: number } & (
  | { readonly error: string; readonly status?: number }
  | { readonly reset: true }
  | { readonly delayMs: number }
)

/** A key management service on loopback, and what a test may do to it. */
export interface LoopbackKms {
  readonly url: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Every request whose signature was right. */
  readonly calls: readonly KmsCall[]
  /** The largest number of requests that were under way at once. */
  readonly maxAtOnce: number
  /** Gives the new key's ARN. */
  createKey(alias?: string): string
  disableKey(name: string): void
  enableKey(name: string): void
  removeKey(name: string): void
  /** Queued behind what is planned already. */
  plan(fault: KmsFault): void
  /** Drops what is planned. */
  heal(): void
  close(): Promise<void>
}

const IDENTITY: SigningIdentity = {
  accessKeyId: 'AKIALOOPBACK00000000',
  secretAccessKey: 'loopback-only-secret-access-key',
  region: 'eu-central-1',
}

/** A key management service on loopback that speaks AWS's JSON protocol, for tests without an account. */
export async function startLoopbackKms(): Promise<LoopbackKms> {
  const service = new KmsService()
  const server = createServer((request, response) => service.answer(request, response))
  const port = await listen(server)
  const { accessKeyId, region, secretAccessKey } = IDENTITY
  const { vault } = service
  return {
    url: `http://127.0.0.1:${port}`,
    region,
    credentials: { accessKeyId, secretAccessKey },
    calls: service.calls,
    get maxAtOnce() {
      return service.maxAtOnce
    },
    createKey: (alias) => vault.create(alias),
    disableKey: (name) => vault.setEnabled(name, false),
    enableKey: (name) => vault.setEnabled(name, true),
    removeKey: (name) => vault.remove(name),
    plan: (fault) => service.plan(fault),
    heal: () => service.heal(),
    close: () => closeServer(server),
  }
}

class KmsService {
  readonly vault = new KeyVault(IDENTITY.region)
  readonly calls: KmsCall[] = []
  maxAtOnce = 0
  #underWay = 0
  #faults: readonly KmsFault[] = []

  plan(fault: KmsFault): void {
    this.#faults = [...this.#faults, fault]
  }

  heal(): void {
    this.#faults = []
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#underWay += 1
    this.maxAtOnce = Math.max(this.maxAtOnce, this.#underWay)
    response.on('close', () => {
      this.#underWay -= 1
    })
    this.#serve(request, response).catch(() => request.destroy())
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const fault = this.#nextFault()
    if (fault !== undefined && 'reset' in fault) {
      request.socket.resetAndDestroy()
      return
    }
    if (fault !== undefined && 'delayMs' in fault)
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    try {
      if (fault !== undefined && 'error' in fault) throw new KmsRefusal(fault.error, fault.status)
      send(response, 200, this.#perform(request, body))
    } catch (error) {
      const refusal = error instanceof KmsRefusal ? error : new KmsRefusal('KMSInternalException', 500)
      send(response, refusal.status, { __type: refusal.name, message: 'refused by the loopback service' })
    }
  }

  #perform(request: IncomingMessage, body: string): Readonly<Record<string, unknown>> {
    const { headers, method = '', url: path = '' } = request
    const problem = signatureProblem({ method, path, headers, body }, IDENTITY)
    if (problem !== undefined) throw new KmsRefusal(problem)
    const operation = String(headers['x-amz-target'] ?? '').replace('TrentService.', '')
    const input = parse(body)
    const { EncryptionContext, KeyId } = input
    const keyId = typeof KeyId === 'string' ? KeyId : undefined
    this.calls.push({ operation, keyId, context: EncryptionContext })
    return perform(this.vault, operation, input)
  }

  #nextFault(): KmsFault | undefined {
    const [fault, ...later] = this.#faults
    if (fault === undefined) return undefined
    this.#faults = fault.times > 1 ? [{ ...fault, times: fault.times - 1 }, ...later] : later
    return fault
  }
}

function parse(body: string): KmsInput {
  const input: unknown = JSON.parse(body)
  if (typeof input !== 'object' || input === null) throw new KmsRefusal('SerializationException')
  return { ...input }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address.port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
