import type { ServiceIdentifier } from 'inversify'

import type { GrantService } from '../../domain/services/grant-service.ts'
import type { OAuthService } from '../../domain/services/oauth-service.ts'
import type { RevocationService } from '../../domain/services/revocation-service.ts'
import type { StateService } from '../../domain/services/state-service.ts'
import type { TokenLifecycleService } from '../../domain/services/token-lifecycle-service.ts'
import type { Background } from '../../ports/background.ts'
import type { Cipher } from '../../ports/cipher.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConnectionEvents } from '../../ports/connection-events.ts'
import type { ConsumedStates } from '../../ports/consumed-states.ts'
import type { Digest } from '../../ports/digest.ts'
import type { KmsDataKeys } from '../../adapters/kms/index.ts'
import type { DataKeyStore } from '../../ports/data-key-store.ts'
import type { DueConnections } from '../../ports/due-connections.ts'
import type { KeyInventory } from '../../ports/key-inventory.ts'
import type { Logger } from '../../ports/logger.ts'
import type { AppPacing } from '../../ports/app-pacing.ts'
import type { PendingRevocations } from '../../ports/pending-revocations.ts'
import type { ProviderApps } from '../../ports/provider-apps.ts'
import type { ProviderCircuit } from '../../ports/provider-circuit.ts'
import type { ProviderClient } from '../../ports/provider-client.ts'
import type { RandomSource } from '../../ports/random-source.ts'
import type { Readiness } from '../../ports/readiness.ts'
import type { RefreshLeases } from '../../ports/refresh-leases.ts'
import type { SealedValues } from '../../ports/sealed-values.ts'
import type { StartLimiter } from '../../ports/start-limiter.ts'
import type { StateKeys } from '../../ports/state-keys.ts'
import type { StateStore } from '../../ports/state-store.ts'
import type { TokenStore } from '../../ports/token-store.ts'
import type { BackgroundWork } from '../background-work.ts'
import type { Meter } from '../meter.ts'
import type { ProviderRegistry } from '../provider-registry.ts'
import type { AccessTokens } from '../use-cases/access-tokens.ts'
import type { ConnectionStatuses } from '../use-cases/connection-statuses.ts'
import type { Connections } from '../use-cases/connections.ts'
import type { RefreshDueConnections } from '../use-cases/refresh-due-connections.ts'
import type { ResealOnRead } from '../use-cases/reseal-on-read.ts'
import type { RotateKeys } from '../use-cases/rotate-keys.ts'
import type { CoreSettings } from './core-module.ts'
import type { DataKeyRewrapping } from './kms-module.ts'
import type { Shutdown } from './shutdown.ts'
import type { TenantScope } from './tenant-scope.ts'

// Through a function: a plain annotated `Symbol.for` is narrowed to `symbol` here, and a swapped dependency compiles.
const id = <T>(name: string): ServiceIdentifier<T> => Symbol.for(`@cgk-platform/integrations/${name}`)

/** What a container is asked for. A host rebinds a port by its identifier; everything over it follows. */
export const IDS = {
  TokenStore: id<TokenStore>('TokenStore'),
  RefreshLeases: id<RefreshLeases>('RefreshLeases'),
  DueConnections: id<DueConnections>('DueConnections'),
  PendingRevocations: id<PendingRevocations>('PendingRevocations'),
  ProviderApps: id<ProviderApps>('ProviderApps'),
  StateStore: id<StateStore>('StateStore'),
  ConsumedStates: id<ConsumedStates>('ConsumedStates'),
  StateKeys: id<StateKeys>('StateKeys'),
  StartLimiter: id<StartLimiter>('StartLimiter'),
  Cipher: id<Cipher>('Cipher'),
  KeyInventory: id<KeyInventory>('KeyInventory'),
  SealedValues: id<SealedValues>('SealedValues'),
  DataKeyStore: id<DataKeyStore>('DataKeyStore'),
  /** Only where a KMS is configured. */
  DataKeys: id<KmsDataKeys>('DataKeys'),
  Readiness: id<Readiness>('Readiness'),
  ProviderClient: id<ProviderClient>('ProviderClient'),
  Clock: id<Clock>('Clock'),
  RandomSource: id<RandomSource>('RandomSource'),
  Digest: id<Digest>('Digest'),
  Logger: id<Logger>('Logger'),
  ConnectionEvents: id<ConnectionEvents>('ConnectionEvents'),

  CoreSettings: id<CoreSettings>('CoreSettings'),
  Meter: id<Meter>('Meter'),
  Background: id<Background>('Background'),
  BackgroundWork: id<BackgroundWork>('BackgroundWork'),
  AppPacing: id<AppPacing>('AppPacing'),
  ProviderCircuit: id<ProviderCircuit>('ProviderCircuit'),
  ProviderRegistry: id<ProviderRegistry>('ProviderRegistry'),
  Shutdown: id<Shutdown>('Shutdown'),
  TenantScope: id<TenantScope>('TenantScope'),

  StateService: id<StateService>('StateService'),
  OAuthService: id<OAuthService>('OAuthService'),
  GrantService: id<GrantService>('GrantService'),
  RevocationService: id<RevocationService>('RevocationService'),
  TokenLifecycleService: id<TokenLifecycleService>('TokenLifecycleService'),

  AccessTokens: id<AccessTokens>('AccessTokens'),
  Connections: id<Connections>('Connections'),
  ConnectionStatuses: id<ConnectionStatuses>('ConnectionStatuses'),
  RefreshDueConnections: id<RefreshDueConnections>('RefreshDueConnections'),
  ResealOnRead: id<ResealOnRead>('ResealOnRead'),
  RotateKeys: id<RotateKeys>('RotateKeys'),
  /** Only where a KMS is configured. */
  DataKeyRewrapping: id<DataKeyRewrapping>('DataKeyRewrapping'),
} as const
