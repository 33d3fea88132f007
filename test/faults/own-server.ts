import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/services/ports.ts'
import { startPostgres } from '../../dev/services/postgres.ts'
import type { RunningPostgres } from '../../dev/services/postgres.ts'
import { migrate } from '../../src/adapters/postgres/migrate.ts'
import { afterwards } from './fault-world.ts'

/** A migrated Postgres that comes back at the same address, with what it had on disk. */
export interface OwnServer {
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
  /** As a power cut would end it. */
  kill(): Promise<void>
}

export async function ownServer(settings: Readonly<Record<string, string>> = {}): Promise<OwnServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'ended-postgres-'))
  const port = await freePort()
  const start = (): Promise<RunningPostgres> =>
    startPostgres({ isDedicated: true, dataFolder, port, settings })
  let running = await start()
  afterwards(async () => {
    await running.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  })
  await migrate({ connectionString: running.url })
  return {
    url: running.url,
    start: async () => {
      running = await start()
    },
    stop: () => running.stop(),
    kill: () => running.kill(),
  }
}
