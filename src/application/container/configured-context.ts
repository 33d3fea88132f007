import type { Container } from 'inversify'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { IntegrationsConfig } from '../config/integrations-config.ts'
import type { Shutdown } from './shutdown.ts'

/** What the parts of a configured container are made from, and where they are bound. */
export interface ConfiguredContext {
  readonly container: Container
  readonly config: IntegrationsConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly shutdown: Shutdown
}
