import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Container } from 'inversify'
import type { ContainerModule } from 'inversify'
import { SystemClock } from '../../adapters/node/system-clock.ts'
import { StderrLogger } from '../../adapters/node/stderr-logger.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Measurements } from '../../ports/measurements.ts'
import { parseConfig } from '../config/integrations-config.ts'
import type { IntegrationsConfigInput } from '../config/integrations-config.ts'
import type { ConnectionEventListener } from '../event-listeners.ts'
import { refuseTwins } from '../provider-registry.ts'
import { bindDatabase } from './configured-database.ts'
import { encryptionModule } from './configured-encryption.ts'
import { providerModules } from './configured-providers.ts'
import { bindRedis } from './configured-redis.ts'
import { coreModule, measuringModule } from './core-module.ts'
import { everyProblem } from './every-problem.ts'
import { IDS } from './identifiers.ts'
import { nodeModule } from './node-module.ts'

/** What is no configuration: the host’s own functions and objects. Each has a default or may be absent. */
export interface ContainerOptions {
  /** Told of everything worth an audit trail. */
  readonly onEvent?: ConnectionEventListener
  /** Told how long things took and how they ended, for dashboards and alarms: nothing of a tenant is in it. */
  readonly measurements?: Measurements
  /** Where operators read; by default warnings and errors go to standard error as JSON lines. */
  readonly logger?: Logger
  /** How a host that freezes after its response (serverless) is asked to stay awake. */
  readonly waitUntil?: (work: Promise<unknown>) => void
  /** Names this process in leases; by default host name and a random part. */
  readonly owner?: string
  /** Time, for tests. */
  readonly clock?: Clock
  /** Why providers that are not configured cannot be used. */
  readonly missingProviders?: ReadonlyMap<ProviderName, readonly string[]>
  /** Loaded last: rebinds whatever a host wants otherwise. */
  readonly modules?: readonly ContainerModule[]
}

/**
 * Everything, wired. Nothing is connected to before it is needed; close it with
 * `container.get(IDS.Shutdown).close()`.
 * @throws ConfigInvalidError naming every problem of the configuration at once
 */
export function createIntegrationsContainer(
  input: IntegrationsConfigInput,
  options: ContainerOptions = {},
): Container {
  const config = parseConfig(input)
  const logger = options.logger ?? new StderrLogger()
  const clock = options.clock ?? new SystemClock()
  const container = new Container()
  container.load(
    nodeModule({ clock }),
    coreModule({
      owner: options.owner ?? `${hostname()}:${randomUUID().slice(0, 8)}`,
      allowedReturnOrigins: config.allowedReturnOrigins.map((origin) => new URL(origin).origin),
      requireInitiator: config.requireInitiator,
      missingProviders: options.missingProviders ?? new Map(),
      logger,
      onEvent: options.onEvent,
      measurements: options.measurements,
      waitUntil: options.waitUntil,
    }),
  )
  const context = { container, config, clock, logger, shutdown: container.get(IDS.Shutdown) }
  try {
    const modules = everyProblem([() => [encryptionModule(context)], () => providerModules(config, clock)])
    container.load(...modules.flat())
    bindDatabase(context)
    bindRedis(context)
    container.load(...(options.modules ?? []))
    if (options.measurements !== undefined) container.load(measuringModule())
    if (container.isBound(IDS.ProviderClient)) refuseTwins(container.getAll(IDS.ProviderClient))
  } catch (error) {
    // A process that cannot start must not be kept alive by what was opened for it.
    void context.shutdown.close()
    throw error
  }
  return container
}
