import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'

/** A database of one's own on the run's server. */
export interface TestDatabase {
  readonly url: string
  readonly name: string
  /** Removes it, cutting whatever connection is still open. */
  drop(): Promise<void>
}

/** A session's option: whatever is named without its schema is not found, as where a host's login has a path of its own. */
export const PATH_TO_NO_TABLE = '-c search_path=elsewhere'

/** The database's url for such sessions. */
export function withoutPath(url: string): string {
  const without = new URL(url)
  without.searchParams.set('options', PATH_TO_NO_TABLE)
  return without.href
}

/** A new database: a copy of the migrated template, or an empty one to try migrations on. */
export async function freshDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<TestDatabase> {
  const name = `${inject('databasePrefix')}_${randomBytes(6).toString('hex')}`
  const template = kind === 'migrated' ? inject('templateDatabase') : 'template0'
  await onServer((client) => {
    const [own, source] = [client.escapeIdentifier(name), client.escapeIdentifier(template)]
    return client.query(`CREATE DATABASE ${own} TEMPLATE ${source}`)
  })
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  return { url: url.href, name, drop: () => drop(name) }
}

async function drop(name: string): Promise<void> {
  await onServer((client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  )
}

async function onServer(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
