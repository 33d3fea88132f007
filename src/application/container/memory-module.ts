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
  return new ContainerModule(({ rebind }) => {
    rebind(IDS.TokenStore).toConstantValue(new MemoryTokenStore(database))
    rebind(IDS.RefreshLeases).toConstantValue(new MemoryRefreshLeases(database))
    rebind(IDS.DueConnections).toConstantValue(new MemoryDueConnections(database))
    rebind(IDS.PendingRevocations).toConstantValue(new MemoryPendingRevocations(database))
    rebind(IDS.ProviderApps).toConstantValue(new MemoryProviderApps(database))
    rebind(IDS.SealedValues).toConstantValue(new MemorySealedValues(database))
    rebind(IDS.DataKeyStore).toConstantValue(new MemoryDataKeyStore(options))
    rebind(IDS.ConsumedStates).toConstantValue(new MemoryConsumedStates(options))
    rebind(IDS.StateStore).toConstantValue(new MemoryStateStore(options))
    rebind(IDS.StartLimiter).toConstantValue(new MemoryStartLimiter(options))
  })
}
