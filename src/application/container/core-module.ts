import { ContainerModule } from 'inversify'
import type { Bind } from 'inversify'

import type { ProviderName } from '../../domain/model/identifiers.ts'
import { GrantService } from '../../domain/services/grant-service.ts'
import { OAuthService } from '../../domain/services/oauth-service.ts'
import { RevocationService } from '../../domain/services/revocation-service.ts'
import { StateService } from '../../domain/services/state-service.ts'
import { TokenLifecycleService } from '../../domain/services/token-lifecycle-service.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Measurements } from '../../ports/measurements.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import { BackgroundWork } from '../background-work.ts'
import { EventListeners } from '../event-listeners.ts'
import type { ConnectionEventListener } from '../event-listeners.ts'
import { measuredCipher } from '../measured-cipher.ts'
import { measuredClient } from '../measured-client.ts'
import { Meter } from '../meter.ts'
import { PacedApps } from '../paced-apps.ts'
import { ProviderCircuits } from '../provider-circuits.ts'
import { ProviderRegistry } from '../provider-registry.ts'
import { AccessTokens } from '../use-cases/access-tokens.ts'
import { ConnectionStatuses } from '../use-cases/connection-statuses.ts'
import { Connections } from '../use-cases/connections.ts'
import { RefreshDueConnections } from '../use-cases/refresh-due-connections.ts'
import { ResealOnRead } from '../use-cases/reseal-on-read.ts'
import { RotateKeys } from '../use-cases/rotate-keys.ts'
import { IDS } from './identifiers.ts'
import { Shutdown } from './shutdown.ts'

/** What the services and use cases need to know of the host. */
export interface CoreSettings {
  /** Names this process in leases; shown to operators. */
  readonly owner: string
  readonly allowedReturnOrigins: readonly string[]
  readonly requireInitiator: boolean
  readonly missingProviders: ReadonlyMap<ProviderName, readonly string[]>
  readonly onEvent?: ConnectionEventListener | undefined
  readonly measurements?: Measurements | undefined
  readonly logger: Logger
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** The services and use cases over whatever ports the other modules, or the host itself, bind. */
export function coreModule(settings: CoreSettings): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bindProcess(bind, settings)
    bindServices(bind, settings)
    bindUseCases(bind)
  })
}

/** Measures ciphers and clients, whoever bound them. Loaded last, because a port that is rebound is no longer measured. */
export function measuringModule(): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(IDS.Cipher, (context, cipher) => measuredCipher(cipher, context.get(IDS.Meter)))
    onActivation(IDS.ProviderClient, (context, client) => measuredClient(client, context.get(IDS.Meter)))
  })
}

function bindProcess(bind: Bind, settings: CoreSettings): void {
  bind(IDS.CoreSettings).toConstantValue(settings)
  bind(IDS.Logger).toConstantValue(settings.logger)
  const { logger, measurements, onEvent } = settings
  bind(IDS.Meter)
    .toResolvedValue((clock) => new Meter({ clock, measurements }), [IDS.Clock])
    .inSingletonScope()
  bind(IDS.ConnectionEvents)
    .toResolvedValue((meter) => new EventListeners({ listener: onEvent, logger, meter }), [IDS.Meter])
    .inSingletonScope()
  const background = new BackgroundWork(settings.waitUntil)
  bind(IDS.BackgroundWork).toConstantValue(background)
  bind(IDS.Background).toConstantValue(background)
  bind(IDS.Shutdown)
    .toResolvedValue(
      (clock, work) => new Shutdown({ clock, background: work }),
      [IDS.Clock, IDS.BackgroundWork],
    )
    .inSingletonScope()
  bind(IDS.ProviderCircuit)
    .toResolvedValue(
      (clock, log, events) => new ProviderCircuits({ clock, logger: log, events }),
      [IDS.Clock, IDS.Logger, IDS.ConnectionEvents],
    )
    .inSingletonScope()
  bind(IDS.AppPacing)
    .toResolvedValue(
      (apps, clock, logger, events) => new PacedApps({ apps, clock, logger, events }),
      [IDS.ProviderApps, IDS.Clock, IDS.Logger, IDS.ConnectionEvents],
    )
    .inSingletonScope()
  bind(IDS.ProviderRegistry)
    .toResolvedValue(
      (clients: ProviderClient[]) => new ProviderRegistry(clients, settings.missingProviders),
      [{ serviceIdentifier: IDS.ProviderClient, isMultiple: true }],
    )
    .inSingletonScope()
}

function bindServices(bind: Bind, settings: CoreSettings): void {
  bind(IDS.StateService)
    .toResolvedValue(
      (states, consumed, limiter, cipher, keys, digest, random, clock) =>
        new StateService({ states, consumed, limiter, cipher, keys, digest, random, clock }),
      [
        IDS.StateStore,
        IDS.ConsumedStates,
        IDS.StartLimiter,
        IDS.Cipher,
        IDS.StateKeys,
        IDS.Digest,
        IDS.RandomSource,
        IDS.Clock,
      ],
    )
    .inSingletonScope()
  bind(IDS.RevocationService)
    .toResolvedValue(
      (revocations, tokens, sealedValues, due, pacing, cipher, random, clock, background, events) =>
        new RevocationService({
          ...{ revocations, tokens, sealedValues, due, pacing, cipher, random, clock, background, events },
        }),
      [
        IDS.PendingRevocations,
        IDS.TokenStore,
        IDS.SealedValues,
        IDS.DueConnections,
        IDS.AppPacing,
        IDS.Cipher,
        IDS.RandomSource,
        IDS.Clock,
        IDS.Background,
        IDS.ConnectionEvents,
      ],
    )
    .inSingletonScope()
  bind(IDS.GrantService)
    .toResolvedValue(
      (tokens, cipher, revocations, random, clock) =>
        new GrantService({ tokens, cipher, revocations, random, clock }),
      [IDS.TokenStore, IDS.Cipher, IDS.RevocationService, IDS.RandomSource, IDS.Clock],
    )
    .inSingletonScope()
  bind(IDS.OAuthService)
    .toResolvedValue(
      (states, grants, pacing, digest, random, clock, events) =>
        new OAuthService({ states, grants, pacing, digest, random, clock, events, ...settings }),
      [
        IDS.StateService,
        IDS.GrantService,
        IDS.AppPacing,
        IDS.Digest,
        IDS.RandomSource,
        IDS.Clock,
        IDS.ConnectionEvents,
      ],
    )
    .inSingletonScope()
  bind(IDS.TokenLifecycleService)
    .toResolvedValue(
      (tokens, leases, due, revocations, cipher, clock, random, circuit, pacing, work, events) =>
        new TokenLifecycleService({
          ...{ tokens, leases, due, revocations, cipher, clock, random, circuit, pacing, events },
          background: work,
          owner: settings.owner,
        }),
      [
        IDS.TokenStore,
        IDS.RefreshLeases,
        IDS.DueConnections,
        IDS.RevocationService,
        IDS.Cipher,
        IDS.Clock,
        IDS.RandomSource,
        IDS.ProviderCircuit,
        IDS.AppPacing,
        IDS.Background,
        IDS.ConnectionEvents,
      ],
    )
    .inSingletonScope()
}

function bindUseCases(bind: Bind): void {
  bind(IDS.AccessTokens)
    .toResolvedValue(
      (lifecycle, tokens, providers, work, resealing, meter) =>
        new AccessTokens({ lifecycle, tokens, providers, background: work, resealing, meter }),
      [
        IDS.TokenLifecycleService,
        IDS.TokenStore,
        IDS.ProviderRegistry,
        IDS.Background,
        IDS.ResealOnRead,
        IDS.Meter,
      ],
    )
    .inSingletonScope()
  bind(IDS.Connections)
    .toResolvedValue(
      (oauth, grants, revocations, accessTokens, tokens, providers, pacing, clock, events, meter) =>
        new Connections({
          oauth,
          grants,
          revocations,
          accessTokens,
          tokens,
          providers,
          pacing,
          clock,
          events,
          meter,
        }),
      [
        IDS.OAuthService,
        IDS.GrantService,
        IDS.RevocationService,
        IDS.AccessTokens,
        IDS.TokenStore,
        IDS.ProviderRegistry,
        IDS.AppPacing,
        IDS.Clock,
        IDS.ConnectionEvents,
        IDS.Meter,
      ],
    )
    .inSingletonScope()
  bind(IDS.ConnectionStatuses)
    .toResolvedValue(
      (tokens, due, providers, clock) => new ConnectionStatuses({ tokens, due, providers, clock }),
      [IDS.TokenStore, IDS.DueConnections, IDS.ProviderRegistry, IDS.Clock],
    )
    .inSingletonScope()
  bind(IDS.RefreshDueConnections)
    .toResolvedValue(
      (lifecycle, due, pendingRevocations, revocations, providers, clock, background, meter, logger) =>
        new RefreshDueConnections({
          ...{ lifecycle, due, pendingRevocations, revocations, providers, clock, background, meter, logger },
        }),
      [
        IDS.TokenLifecycleService,
        IDS.DueConnections,
        IDS.PendingRevocations,
        IDS.RevocationService,
        IDS.ProviderRegistry,
        IDS.Clock,
        IDS.BackgroundWork,
        IDS.Meter,
        IDS.Logger,
      ],
    )
    .inSingletonScope()
  bind(IDS.ResealOnRead)
    .toResolvedValue(
      (sealedValues, cipher, keys, work, logger) =>
        new ResealOnRead({ sealedValues, cipher, keys, background: work, logger }),
      [IDS.SealedValues, IDS.Cipher, IDS.KeyInventory, IDS.Background, IDS.Logger],
    )
    .inSingletonScope()
  bind(IDS.RotateKeys)
    .toResolvedValue(
      (sealedValues, cipher, keys, clock) => new RotateKeys({ sealedValues, cipher, keys, clock }),
      [IDS.SealedValues, IDS.Cipher, IDS.KeyInventory, IDS.Clock],
    )
    .inSingletonScope()
}
