import { ContainerModule } from 'inversify'
import { MemoryConsumedStates } from '../../adapters/memory/consumed-states.ts'
import { MemoryDataKeyStore } from '../../adapters/memory/data-key-store.ts'
import { MemoryDueConnections } from '../../adapters/memory/due-connections.ts'
import { MemoryDatabase } from '../../adapters/memory/memory-database.ts'
import { MemoryPendingRevocations } from '../../adapters/memory/pending-revocations.ts'
import { MemoryProviderApps } from '../../adapters/memory/provider-apps.ts'
import { MemoryRefreshLeases } from '../../adapters/memory/refresh-leases.ts'
import { MemorySealedValues } from '../../adapters/memory/sealed-values.ts'
import { MemoryStartLimiter } from '../../adapters/memory/start-limiter.ts'
import { MemoryStateStore } from '../../adapters/memory/state-store.ts'
import { MemoryTokenStore } from '../../adapters/memory/token-store.ts'
import type { Clock } from '../../ports/clock.ts'
import { IDS } from './identifiers.ts'

/** Every store in this process's memory: for tests and for trying things out. */
export function memoryModule(options: { readonly clock: Clock }): ContainerModule {
  const database = new MemoryDatabase(options)
  return new ContainerModule(({ bind }) => {
    bind(IDS.TokenStore).toConstantValue(new MemoryTokenStore(database))
    bind(IDS.RefreshLeases).toConstantValue(new MemoryRefreshLeases(database))
    bind(IDS.DueConnections).toConstantValue(new MemoryDueConnections(database))
    bind(IDS.PendingRevocations).toConstantValue(new MemoryPendingRevocations(database))
    bind(IDS.ProviderApps).toConstantValue(new MemoryProviderApps(database))
    bind(IDS.SealedValues).toConstantValue(new MemorySealedValues(database))
    bind(IDS.DataKeyStore).toConstantValue(new MemoryDataKeyStore(options))
    bind(IDS.ConsumedStates).toConstantValue(new MemoryConsumedStates(options))
    bind(IDS.StateStore).toConstantValue(new MemoryStateStore(options))
    bind(IDS.StartLimiter).toConstantValue(new MemoryStartLimiter(options))
  })
}
