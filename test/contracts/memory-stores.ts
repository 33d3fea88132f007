import { MemoryDueConnections } from '../../src/adapters/memory/due-connections.ts'
import { MemoryDatabase } from '../../src/adapters/memory/memory-database.ts'
import { MemoryPendingRevocations } from '../../src/adapters/memory/pending-revocations.ts'
import { MemoryProviderApps } from '../../src/adapters/memory/provider-apps.ts'
import { MemoryRefreshLeases } from '../../src/adapters/memory/refresh-leases.ts'
import { MemoryTokenStore } from '../../src/adapters/memory/token-store.ts'
import type { ConnectionStores } from '../../src/testing/contracts/connection-stores.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

export async function openMemoryStores(): Promise<ConnectionStores> {
  const clock = new FixedClock()
  const database = new MemoryDatabase({ clock })
  return {
    tokens: new MemoryTokenStore(database),
    leases: new MemoryRefreshLeases(database),
    due: new MemoryDueConnections(database),
    revocations: new MemoryPendingRevocations(database),
    apps: new MemoryProviderApps(database),
    elapse: (ms) => clock.advance(ms),
    close: async () => undefined,
  }
}
