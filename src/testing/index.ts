export { MemoryConsumedStates } from '../adapters/memory/consumed-states.ts'
export { MemoryDataKeyStore } from '../adapters/memory/data-key-store.ts'
export { MemoryDueConnections } from '../adapters/memory/due-connections.ts'
export { MemoryDatabase } from '../adapters/memory/memory-database.ts'
export { MemoryPendingRevocations } from '../adapters/memory/pending-revocations.ts'
export { MemoryProviderApps } from '../adapters/memory/provider-apps.ts'
export { MemoryRefreshLeases } from '../adapters/memory/refresh-leases.ts'
export { MemorySealedValues } from '../adapters/memory/sealed-values.ts'
export { MemoryStartLimiter } from '../adapters/memory/start-limiter.ts'
export { MemoryStateStore } from '../adapters/memory/state-store.ts'
export { MemoryTokenStore } from '../adapters/memory/token-store.ts'
export { cipherContract } from './contracts/cipher.contract.ts'
export type { CipherHarness } from './contracts/cipher/harness.ts'
export type { ConnectionStores, OpenConnectionStores } from './contracts/connection-stores.ts'
export { consumedStatesContract } from './contracts/consumed-states.contract.ts'
export type { ConsumedStatesHarness } from './contracts/consumed-states.contract.ts'
export { dataKeyStoreContract } from './contracts/data-key-store.contract.ts'
export type { DataKeyStoreHarness } from './contracts/data-key-store.contract.ts'
export { dueConnectionsContract } from './contracts/due-connections.contract.ts'
export { pendingRevocationsContract } from './contracts/pending-revocations.contract.ts'
export { providerClientContract } from './contracts/provider-client.contract.ts'
export type {
  OpenProviderClient,
  ProviderCall,
  ProviderClientHarness,
  ProviderRefusal,
} from './contracts/provider-client/harness.ts'
export { providerAppsContract } from './contracts/provider-apps.contract.ts'
export { refreshLeasesContract } from './contracts/refresh-leases.contract.ts'
export type { RegisterTest } from './contracts/register-test.ts'
export { sealedValuesContract } from './contracts/sealed-values.contract.ts'
export type { SealedValuesHarness } from './contracts/sealed-values.contract.ts'
export { startLimiterContract } from './contracts/start-limiter.contract.ts'
export type { StartLimiterHarness } from './contracts/start-limiter.contract.ts'
export { stateStoreContract } from './contracts/state-store.contract.ts'
export type { StateStoreHarness } from './contracts/state-store.contract.ts'
export { tokenStoreContract } from './contracts/token-store.contract.ts'
export { FixedClock } from './fixed-clock.ts'
export { startLoopbackKms } from './loopback-kms/start-loopback-kms.ts'
export type { KmsCall, KmsFault, LoopbackKms } from './loopback-kms/start-loopback-kms.ts'
export { startScriptedPlatform } from './scripted-platform.ts'
export type {
  PlatformAnswer,
  PlatformBehaviour,
  PlatformRequest,
  PlatformScript,
  ScriptedPlatform,
} from './scripted-platform.ts'
export { SequenceRandomSource } from './sequence-random-source.ts'
