import { Query } from 'pg'
import type { Client, Connection } from 'pg'
import type { PreparedStatement } from './postgres-pool.ts'

/** A client, and the statements that its session knows by name. */
export interface PreparedClient {
  readonly client: Client
  readonly known: Set<string>
}

/**
 * Asks for the one value that a statement answers. Sends what the driver's own queries send (extended query of the
 * frontend/backend protocol) but for the description of the result: describing and decoding it takes an eighth of a read.
 */
export function askValue(
  { client, known }: PreparedClient,
  statement: PreparedStatement,
  values: string[],
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const query = new ValueQuery({ known, statement, values }, (error, value = null) => {
      if (error instanceof Error) reject(error)
      else resolve(value)
    })
    client.query(query)
  })
}

interface Asked {
  readonly known: Set<string>
  readonly statement: PreparedStatement
  readonly values: string[]
}

type Answered = (error: Error | null, value?: string | null) => void

class ValueQuery extends Query {
  readonly #asked: Asked
  #isPreparing = false
  #value: string | null = null
  /** Of the driver, which puts its timeout around it. */
  declare callback: Answered

  constructor(asked: Asked, answered: Answered) {
    super(asked.statement.text)
    this.#asked = asked
    this.callback = answered
  }

  override readonly submit = (connection: Connection): void => {
    const {
      known,
      statement: { name, text },
      values,
    } = this.#asked
    connection.stream.cork()
    if (!known.has(name)) {
      this.#isPreparing = true
      known.add(name)
      // It may have been prepared by a query that failed afterwards. To close what is not there is no error.
      connection.close({ type: 'S', name }, true)
      connection.parse({ name, text, types: [] }, true)
    }
    connection.bind({ statement: name, values }, true)
    connection.execute({}, true)
    connection.sync()
    connection.stream.uncork()
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#value = fields[0] ?? null
  }

  handleCommandComplete(): void {
    // How many rows there were is nobody's question.
  }

  handleError(error: Error): void {
    if (this.#isPreparing) this.#asked.known.delete(this.#asked.statement.name)
    this.callback(error)
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#value)
  }
}
