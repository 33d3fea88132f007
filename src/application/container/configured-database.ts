import { createPool, PostgresReadLane } from '../../adapters/postgres/index.ts'
import type { ConfiguredContext } from './configured-context.ts'
import { memoryModule } from './memory-module.ts'
import { postgresModule } from './postgres-module.ts'

/** Every store; what we open ourselves is closed with the container. */
export function bindDatabase({ config, container, clock, logger, shutdown }: ConfiguredContext): void {
  const { database } = config
  if (database === 'memory') {
    container.load(memoryModule({ clock }))
    return
  }
  if ('pool' in database) {
    container.load(postgresModule({ pool: database.pool }))
    return
  }
  const { connectionString, maxConnections, readConnections } = database
  const pool = createPool({ connectionString, maxConnections, logger })
  const lane =
    readConnections > 0 ? new PostgresReadLane({ connectionString, connections: readConnections }) : undefined
  shutdown.onClose(async () => {
    await lane?.close()
    await pool.end()
  })
  container.load(postgresModule({ pool, lane }))
}
