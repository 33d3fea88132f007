import { describe, test } from 'vitest'
import { MemoryDueConnections } from '../../src/adapters/memory/due-connections.ts'
import { MemoryDatabase } from '../../src/adapters/memory/memory-database.ts'
import { MemoryPendingRevocations } from '../../src/adapters/memory/pending-revocations.ts'
import { MemoryProviderApps } from '../../src/adapters/memory/provider-apps.ts'
import { MemoryRefreshLeases } from '../../src/adapters/memory/refresh-leases.ts'
import { MemorySealedValues } from '../../src/adapters/memory/sealed-values.ts'
import { MemoryTokenStore } from '../../src/adapters/memory/token-store.ts'
import { sealedValuesContract } from '../../src/testing/contracts/sealed-values.contract.ts'
import { FixedClock } from '../../src/testing/fixed-clock.ts'

describe('MemorySealedValues', () => {
  sealedValuesContract(test, async () => {
    const clock = new FixedClock()
    const database = new MemoryDatabase({ clock })
    return {
      tokens: new MemoryTokenStore(database),
      leases: new MemoryRefreshLeases(database),
      due: new MemoryDueConnections(database),
      revocations: new MemoryPendingRevocations(database),
      apps: new MemoryProviderApps(database),
      sealedValues: new MemorySealedValues(database),
      elapse: (ms) => clock.advance(ms),
      close: async () => undefined,
    }
  })
})
