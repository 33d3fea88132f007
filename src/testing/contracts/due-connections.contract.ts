import { registerPromises } from './register-promises.ts'
import type { OpenConnectionStores } from './connection-stores.ts'
import { claimingDuePromises } from './due-connections/claiming-due.ts'
import { needingAttentionPromises } from './due-connections/needing-attention.ts'
import { postponingPromises } from './due-connections/postponing.ts'
import { sharedGrantPromises } from './due-connections/shared-grants.ts'
import type { RegisterTest } from './register-test.ts'

/** What every DueConnections promises, with the stores that share its database. */
export function dueConnectionsContract(test: RegisterTest, open: OpenConnectionStores): void {
  registerPromises(test, open, [
    claimingDuePromises,
    needingAttentionPromises,
    postponingPromises,
    sharedGrantPromises,
  ])
}
