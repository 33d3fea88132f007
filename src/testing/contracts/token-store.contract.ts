import { registerPromises } from './register-promises.ts'
import type { OpenConnectionStores } from './connection-stores.ts'
import type { RegisterTest } from './register-test.ts'
import { changingPromises } from './token-store/changing.ts'
import { connectingPromises } from './token-store/connecting.ts'
import { disconnectingPromises } from './token-store/disconnecting.ts'
import { readingPromises } from './token-store/reading.ts'
import { tenantIsolationPromises } from './token-store/tenant-isolation.ts'

/** What every TokenStore promises, with the stores that share its database. */
export function tokenStoreContract(test: RegisterTest, open: OpenConnectionStores): void {
  registerPromises(test, open, [
    readingPromises,
    tenantIsolationPromises,
    connectingPromises,
    changingPromises,
    disconnectingPromises,
  ])
}
