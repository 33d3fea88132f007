export {
  decryptToken,
  encryptToken,
  generateEncryptionKey,
  isValidEncryptionKey,
} from './adapters/aes-gcm/index.ts'
export type { TenantQueries } from './adapters/postgres/index.ts'
export type {
  DueOutcome,
  RefreshDueOptions,
  RefreshDueResult,
} from './application/use-cases/refresh-due-connections.ts'
export {
  AccountChangedError,
  AccountUnknownError,
  ApiKeyInvalidError,
  AuthorizationDeniedError,
  BrowserMismatchError,
  CallbackInvalidError,
  CipherAuthenticationFailedError,
  CipherKeyUnknownError,
  CipherUnavailableError,
  CipherValueInvalidError,
  ConfigInvalidError,
  ExchangeRejectedError,
  InitiatorMismatchError,
  IntegrationError,
  isIntegrationError,
  LimitExceededError,
  MigrationConflictError,
  NoAdAccountsError,
  NotConnectedError,
  ProviderMisconfiguredError,
  ProviderResponseInvalidError,
  ProviderUnavailableError,
  RateLimitedError,
  ReauthorizationRequiredError,
  RefreshPendingError,
  ReturnUrlRefusedError,
  ScopeMissingError,
  StaleConnectionError,
  StateInvalidError,
  StoreUnavailableError,
  TenantInvalidError,
  TokenRejectedError,
} from './domain/errors.ts'
export type { AnyIntegrationError, IntegrationErrorCode } from './domain/errors.ts'
export type { AdAccount } from './domain/model/ad-account.ts'
export type { Callback, CallbackParameters } from './domain/model/callback.ts'
export type { ConnectionStatus, ReauthReason } from './domain/model/connection.ts'
export type { IntegrationProvider } from './domain/model/identifiers.ts'
export type { Initiator } from './domain/model/pending-authorization.ts'
export type { Instant } from './domain/model/time.ts'
export type { RevocationResult } from './domain/services/revocation-service.ts'
export { closeIntegrations, configureIntegrations } from './root/default-container.ts'
export {
  completeGoogleAdsOAuth,
  disconnectGoogleAds,
  getGoogleAdsAccessToken,
  getGoogleAdsConnection,
  needsGoogleAdsTokenRefresh,
  refreshGoogleAdsToken,
  selectGoogleAdsCustomer,
  startGoogleAdsOAuth,
} from './root/google-ads.ts'
export type { GoogleAdsCompletion } from './root/google-ads.ts'
export { refreshExpiringTokensJob, startTokenRefresh, TOKEN_REFRESH_SCHEDULE } from './root/job.ts'
export type { TokenRefreshOptions } from './root/job.ts'
export {
  connectKlaviyo,
  disconnectKlaviyo,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  refreshKlaviyoLists,
  testKlaviyoConnection,
  updateKlaviyoLists,
} from './root/klaviyo.ts'
export type { ConnectKlaviyo } from './root/klaviyo.ts'
export {
  completeMetaOAuth,
  disconnectMeta,
  getMetaAccessToken,
  getMetaConnection,
  needsMetaTokenRefresh,
  refreshMetaToken,
  selectMetaAdAccount,
  startMetaOAuth,
} from './root/meta.ts'
export type { MetaCompletion } from './root/meta.ts'
export type {
  CompleteOAuth,
  Disconnection,
  StartOAuth,
  TokenRefresh,
  TokenRequest,
  Which,
} from './root/platform.ts'
export { createOAuthState, validateOAuthState } from './root/states.ts'
export {
  getAllIntegrationStatuses,
  getConnectionsNeedingAttention,
  getIntegrationStatus,
  hasIntegrationIssues,
} from './root/statuses.ts'
export { deleteTenant, listConnections, withTenant } from './root/tenant.ts'
export {
  completeTikTokOAuth,
  disconnectTikTok,
  getTikTokAccessToken,
  getTikTokConnection,
  needsTikTokTokenRefresh,
  refreshTikTokToken,
  selectTikTokAdvertiser,
  startTikTokOAuth,
} from './root/tiktok.ts'
export type { TikTokCompletion } from './root/tiktok.ts'
export type {
  ConnectionNeedingAttention,
  GoogleAdsConnection,
  IntegrationConnection,
  IntegrationStatus,
  KlaviyoConnection,
  KlaviyoList,
  MetaAdConnection,
  TikTokAdConnection,
} from './root/views.ts'
