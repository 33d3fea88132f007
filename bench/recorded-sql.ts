import type { Pool } from 'pg'
import type { PostgresPool, PreparedStatement } from '../src/adapters/postgres/index.ts'

interface Statement {
  readonly text: string | PreparedStatement
  readonly values: readonly unknown[] | undefined
}

/** What was asked of a pool: statements on any connection, and runs of statements on one. */
export type Recording = readonly (Statement | readonly Statement[])[]

/** A pool that passes everything on and writes it down. */
export function recordingPool(pool: Pool): { pool: PostgresPool; recording: Recording } {
  const recording: (Statement | Statement[])[] = []
  const over = (
    target: Pick<PostgresPool, 'query'>,
    into: (statement: Statement) => void,
  ): PostgresPool['query'] => {
    return (text, values) => {
      into({ text, values })
      return target.query(text, values)
    }
  }
  const recorder: PostgresPool = {
    query: over(pool, (statement) => recording.push(statement)),
    connect: async () => {
      const client = await pool.connect()
      const run: Statement[] = []
      recording.push(run)
      // A lent connection is an emitter as well, and stays one.
      const query = over(client, (statement) => run.push(statement))
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query') return query
          const member: unknown = Reflect.get(target, name, target)
          if (typeof member !== 'function') return member
          return (...values: unknown[]): unknown => Reflect.apply(member, target, values)
        },
      })
    },
  }
  return { pool: recorder, recording }
}

/** Does the same again with some parameters replaced, in the same order and over as many connections. */
export async function replay(
  pool: Pool,
  recording: Recording,
  replaced: ReadonlyMap<unknown, unknown>,
): Promise<void> {
  for (const entry of recording) {
    if ('text' in entry) {
      await pool.query(entry.text, fill(entry, replaced))
      continue
    }
    const client = await pool.connect()
    for (const statement of entry) await client.query(statement.text, fill(statement, replaced))
    client.release()
  }
}

function fill({ values }: Statement, replaced: ReadonlyMap<unknown, unknown>): unknown[] | undefined {
  return values?.map((value) => (replaced.has(value) ? replaced.get(value) : value))
}
