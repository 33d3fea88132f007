export { AesGcmCipher, KeyRing, LegacyReader, MovingCipher } from '../../adapters/aes-gcm/index.ts'
export type {
  AesGcmCipherOptions,
  KeyRingOptions,
  LegacyReaderOptions,
  MovingCipherOptions,
  Rings,
} from '../../adapters/aes-gcm/index.ts'
export type { TenantQueries } from '../../adapters/postgres/index.ts'
export type { GoogleAdsClientOptions } from '../../adapters/providers/google-ads/google-ads-client.ts'
export type { GoogleAdsEndpoints } from '../../adapters/providers/google-ads/definition.ts'
export { createProviderHttp } from '../../adapters/providers/http/provider-http.ts'
export type {
  HttpAnswer,
  HttpRequest,
  ProviderHttp,
  ProviderHttpOptions,
} from '../../adapters/providers/http/provider-http.ts'
export type {
  KlaviyoClientOptions,
  KlaviyoEndpoints,
} from '../../adapters/providers/klaviyo/klaviyo-client.ts'
export type { MetaClientOptions, MetaEndpoints } from '../../adapters/providers/meta/meta-client.ts'
export type { OAuth2Definition } from '../../adapters/providers/oauth2/definition.ts'
export { amazonAds } from '../../adapters/providers/oauth2/definitions/amazon-ads.ts'
export { hubspot } from '../../adapters/providers/oauth2/definitions/hubspot.ts'
export { klaviyoOAuth } from '../../adapters/providers/oauth2/definitions/klaviyo-oauth.ts'
export { linkedinAds } from '../../adapters/providers/oauth2/definitions/linkedin-ads.ts'
export { mailchimp } from '../../adapters/providers/oauth2/definitions/mailchimp.ts'
export { microsoftAdvertising } from '../../adapters/providers/oauth2/definitions/microsoft-advertising.ts'
export { pinterestAds } from '../../adapters/providers/oauth2/definitions/pinterest-ads.ts'
export { redditAds } from '../../adapters/providers/oauth2/definitions/reddit-ads.ts'
export { snapchatAds } from '../../adapters/providers/oauth2/definitions/snapchat-ads.ts'
export { discover } from '../../adapters/providers/oauth2/discover.ts'
export type { DiscoveryOptions } from '../../adapters/providers/oauth2/discover.ts'
export type { OAuth2ClientOptions } from '../../adapters/providers/oauth2/oauth2-client.ts'
export type { TikTokClientOptions, TikTokEndpoints } from '../../adapters/providers/tiktok/tiktok-client.ts'
export type { IntegrationsConfigInput } from '../config/integrations-config.ts'
export type { ConnectionEventListener } from '../event-listeners.ts'
export type { AccessTokens } from '../use-cases/access-tokens.ts'
export type { ConnectionState, ConnectionStatuses } from '../use-cases/connection-statuses.ts'
export type { ApiKeyRequest, Connections } from '../use-cases/connections.ts'
export type {
  DueOutcome,
  RefreshDueConnections,
  RefreshDueOptions,
  RefreshDueResult,
} from '../use-cases/refresh-due-connections.ts'
export type {
  RotateKeys,
  RotateKeysOptions,
  RotationProgress,
  RotationResult,
  UnreadableCount,
  UnreadableValue,
} from '../use-cases/rotate-keys.ts'
export type { AdAccount, Audience } from '../../domain/model/ad-account.ts'
export type {
  Connection,
  ConnectionDetails,
  ConnectionStatus,
  ProviderSubject,
  ReauthReason,
} from '../../domain/model/connection.ts'
export { DEFAULT_LABEL, parseLabel, parseTenantId } from '../../domain/model/identifiers.ts'
export type {
  ConnectionKey,
  ConnectionLabel,
  ProviderName,
  TenantId,
} from '../../domain/model/identifiers.ts'
export type { Initiator } from '../../domain/model/pending-authorization.ts'
export type { RotationClass } from '../../domain/model/rotation.ts'
export { Secret } from '../../domain/model/secret.ts'
export type { Instant } from '../../domain/model/time.ts'
export type { TokenSet } from '../../domain/model/token-set.ts'
export { ProviderFailure } from '../../domain/provider-failure.ts'
export type { Delivery, FailureKind } from '../../domain/provider-failure.ts'
export type { Background } from '../../ports/background.ts'
export { asSealed } from '../../ports/cipher.ts'
export type { Cipher, SealContext, Sealed, SecretField } from '../../ports/cipher.ts'
export type { Clock } from '../../ports/clock.ts'
export type { ConnectionEvent, ConnectionEvents, ConnectionEventType } from '../../ports/connection-events.ts'
export type { ConsumedStates } from '../../ports/consumed-states.ts'
export type { DataKeyRow, DataKeyState, DataKeyStore, WrappedDataKey } from '../../ports/data-key-store.ts'
export type { Digest } from '../../ports/digest.ts'
export type {
  AttentionRequest,
  DueBatch,
  DueConnections,
  DueRequest,
  GrantOwner,
  OwnedConnection,
  TroubledConnection,
} from '../../ports/due-connections.ts'
export type { KeyInventory, KeyName, RetiringKey } from '../../ports/key-inventory.ts'
export type { Logger, LogLevel } from '../../ports/logger.ts'
export type { AppPacing } from '../../ports/app-pacing.ts'
export type { PendingRevocations, RetiredGrant } from '../../ports/pending-revocations.ts'
export type {
  AppPause,
  BudgetedApp,
  ProviderApp,
  ProviderApps,
  Suspension,
} from '../../ports/provider-apps.ts'
export type { Measurement, Measurements, TimedWork } from '../../ports/measurements.ts'
export type { ProviderCircuit } from '../../ports/provider-circuit.ts'
export type {
  AuthorizationRequest,
  AuthorizationTraits,
  CodeGrant,
  Examination,
  OAuthProviderClient,
  ProviderClient,
  ProviderTraits,
} from '../../ports/provider-client.ts'
export type { RandomSource } from '../../ports/random-source.ts'
export type { Readiness } from '../../ports/readiness.ts'
export type {
  ClaimRequest,
  RefreshedTokens,
  RefreshLease,
  RefreshLeases,
  ReleaseReason,
  SealedCandidate,
  StoreOutcome,
} from '../../ports/refresh-leases.ts'
export type {
  Resealing,
  SealedCursor,
  SealedPage,
  SealedRow,
  SealedRowRef,
  SealedSecrets,
  SealedValues,
} from '../../ports/sealed-values.ts'
export type { Admission, StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
export type { StateKeys } from '../../ports/state-keys.ts'
export { StateTakenError } from '../../ports/state-store.ts'
export type { StateKey, StateStore } from '../../ports/state-store.ts'
export type {
  ConnectionFilter,
  ConnectionPatch,
  Disconnection,
  NewGrant,
  Replacement,
  Retirement,
  SaveOutcome,
  SealedTokens,
  TokenReading,
  TokenStore,
} from '../../ports/token-store.ts'
export { aesGcmModule } from './aes-gcm-module.ts'
export { coreModule, measuringModule } from './core-module.ts'
export type { CoreSettings } from './core-module.ts'
export { createIntegrationsContainer } from './create-integrations-container.ts'
export type { ContainerOptions } from './create-integrations-container.ts'
export { createIntegrationsContainerFromEnvironment } from './from-environment.ts'
export type { EnvironmentContainerOptions } from './from-environment.ts'
export { IDS } from './identifiers.ts'
export { kmsModule } from './kms-module.ts'
export type { DataKeyRewrapping, KmsModuleOptions } from './kms-module.ts'
export { memoryModule } from './memory-module.ts'
export { nodeModule } from './node-module.ts'
export { postgresModule } from './postgres-module.ts'
export type { PostgresModuleOptions } from './postgres-module.ts'
export {
  googleAdsModule,
  klaviyoModule,
  metaModule,
  oauth2Module,
  providerModule,
  tiktokModule,
} from './provider-modules.ts'
export { redisModule } from './redis-module.ts'
export type { Shutdown } from './shutdown.ts'
export type { TenantScope } from './tenant-scope.ts'
