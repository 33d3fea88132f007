import { afterAll, beforeAll } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { createPool } from '../../src/adapters/postgres/index.ts'
import type { CreatedPool } from '../../src/adapters/postgres/index.ts'
import { freshDatabase } from '../support/database.ts'

export interface CliDatabase {
  readonly pool: CreatedPool
  /** What a command needs to work on it; of the platforms nothing but Klaviyo can be used. */
  readonly variables: Readonly<Record<string, string>>
}

/** A migrated database for all tests of the file, opened before the first and dropped after the last. */
export function cliDatabase(): CliDatabase {
  const opened: { pool: CreatedPool; variables: Readonly<Record<string, string>> } = {
    pool: {} as CreatedPool,
    variables: {},
  }
  let drop = (): Promise<void> => Promise.resolve()
  beforeAll(async () => {
    const database = await freshDatabase()
    drop = database.drop
    opened.pool = createPool({ connectionString: database.url })
    opened.variables = { DATABASE_URL: database.url, INTEGRATION_ENCRYPTION_KEY: generateEncryptionKey() }
  })
  afterAll(async () => {
    await opened.pool.end()
    await drop()
  })
  return opened
}
