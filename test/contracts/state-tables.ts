import { Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { freshDatabase } from '../support/database.ts'

/** Two pools, as of two processes, over one fresh database. */
export interface StateTables {
  readonly pool: Pool
  readonly secondPool: Pool
  readonly url: string
  close(): Promise<void>
}

export async function freshStateTables(config: PoolConfig = {}): Promise<StateTables> {
  const database = await freshDatabase()
  const open = (): Pool => {
    const pool = new Pool({ connectionString: database.url, max: 5, ...config })
    pool.on('error', () => undefined)
    return pool
  }
  const [pool, secondPool] = [open(), open()]
  await pool.query(`
    CREATE TABLE IF NOT EXISTS integration_states (
      key text PRIMARY KEY, sealed text NOT NULL, expires_at timestamptz NOT NULL);
    CREATE TABLE IF NOT EXISTS consumed_states (key text PRIMARY KEY, keep_until timestamptz NOT NULL);
    CREATE TABLE IF NOT EXISTS integration_start_counters (
      bucket text PRIMARY KEY, count int NOT NULL, window_ends_at timestamptz NOT NULL)`)
  return {
    pool,
    secondPool,
    url: database.url,
    close: async () => {
      await Promise.all([pool.end(), secondPool.end()])
      await database.drop()
    },
  }
}
