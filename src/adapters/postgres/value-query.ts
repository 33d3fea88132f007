import { Query } from 'pg'
import type { Client, Connection } from 'pg'
import type { PreparedStatement } from './postgres-pool.ts'

/** A client, and the statements that its session knows by name. */
export interface PreparedClient {
  readonly client: Client
  readonly known: Set<string>
}

/**
 * Asks for the one value that a statement answers. Speaks the extended query protocol as the driver's own queries do, but
 * does not have the result described: to describe and decode it takes an eighth of a read.
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
    try {
      if (!known.has(name)) {
        // One before it may have prepared it, and not be answered yet or have failed. To close what is not there is no error.
        connection.close({ type: 'S', name }, true)
        connection.parse({ name, text, types: [] }, true)
      }
      connection.bind({ statement: name, values }, true)
      connection.execute({}, true)
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#value = fields[0] ?? null
  }

  handleCommandComplete(): void {
    // How many rows there were is nobody's question.
  }

  handleReadyForQuery(): void {
    this.#asked.known.add(this.#asked.statement.name)
    this.callback(null, this.#value)
  }
}
