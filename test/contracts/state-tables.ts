import { Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { freshDatabase, PATH_TO_NO_TABLE } from '../support/database.ts'

/** Two pools, as of two processes, over one fresh database. */
export interface StateTables {
  readonly pool: Pool
  readonly secondPool: Pool
  close(): Promise<void>
}

export async function freshStateTables(config: PoolConfig = {}): Promise<StateTables> {
  const database = await freshDatabase()
  const options = [PATH_TO_NO_TABLE, config.options].join(' ')
  const open = (): Pool => {
    const pool = new Pool({ connectionString: database.url, max: 5, ...config, options })
    pool.on('error', () => undefined)
    return pool
  }
  const [pool, secondPool] = [open(), open()]
  return {
    pool,
    secondPool,
    close: async () => {
      await Promise.all([pool.end(), secondPool.end()])
      await database.drop()
    },
  }
}
