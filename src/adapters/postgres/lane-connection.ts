import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { sqlStateOf } from './store-error.ts'
import type { PreparedStatement } from './postgres-pool.ts'
import { askValue } from './value-query.ts'
import type { PreparedClient } from './value-query.ts'

const CONNECT_TIMEOUT_MS = 2_000
/** How long the server has to say goodbye. */
const END_TIMEOUT_MS = 1_000

/** Refusals of a statement, after which the connection goes on: syntax or access, data. */
const REFUSAL = /^(42|22)/

/** One pipelined connection, replaced whenever anything about it is in doubt. */
export class LaneConnection {
  readonly #options: { readonly connectionString: string; readonly timeoutMs: number }
  #client: Promise<OpenClient> | undefined

  constructor(options: { readonly connectionString: string; readonly timeoutMs: number }) {
    this.#options = options
  }

  /**
   * The one value that the statement answers. `undefined`: the connection went while the answer was waited for, and the
   * same may be asked again.
   */
  async ask(statement: PreparedStatement, values: string[]): Promise<string | null | undefined> {
    const opening = (this.#client ??= this.#open())
    const open = await opening
    try {
      return await askValue(open, statement, values)
    } catch (error) {
      if (REFUSAL.test(sqlStateOf(error) ?? '')) throw error
      this.#discard(opening)
      return undefined
    }
  }

  async close(): Promise<void> {
    const opening = this.#client
    this.#client = undefined
    const open = await opening?.catch(() => undefined)
    if (open !== undefined) await end(open)
  }

  #open(): Promise<OpenClient> {
    const { connectionString, timeoutMs } = this.#options
    const socket = new Socket()
    const client = new Client({
      connectionString,
      stream: () => socket,
      // A host's default may be serializable, under which a read may be refused for what others write.
      options: '-c default_transaction_isolation=read\\ committed',
      pipeline: true,
      query_timeout: timeoutMs,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'integrations read lane',
    })
    const opening = client.connect().then(() => ({ client, socket, known: new Set<string>() }))
    const discard = (): void => this.#discard(opening)
    client.on('error', discard)
    client.on('end', discard)
    opening.catch(discard)
    return opening
  }

  /** Whoever comes next opens another; those still waiting on this one are told by the driver. */
  #discard(opening: Promise<OpenClient>): void {
    if (this.#client !== opening) return
    this.#client = undefined
    opening.then(end).catch(() => undefined)
  }
}

interface OpenClient extends PreparedClient {
  readonly socket: Socket
}

/** The driver waits for the server to close its side, which one that hangs never does. */
async function end({ client, socket }: OpenClient): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), delay(END_TIMEOUT_MS, undefined, { ref: false })])
  socket.destroy()
}
