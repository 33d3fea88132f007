import type { Container } from 'inversify'
import { createPool, PostgresReadLane } from '../../adapters/postgres/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { IntegrationsConfig } from '../config/integrations-config.ts'
import { memoryModule } from './memory-module.ts'
import { postgresModule } from './postgres-module.ts'
import type { Shutdown } from './shutdown.ts'

export interface ConfiguredContext {
  readonly container: Container
  readonly config: IntegrationsConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly shutdown: Shutdown
}

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
