import { registerPromises } from './register-promises.ts'
import type { OpenConnectionStores } from './connection-stores.ts'
import { claimingPromises } from './refresh-leases/claiming.ts'
import { pacingPromises } from './refresh-leases/pacing.ts'
import { refusalPromises } from './refresh-leases/refusals.ts'
import { releasingPromises } from './refresh-leases/releasing.ts'
import { storingPromises } from './refresh-leases/storing.ts'
import { supersededPromises } from './refresh-leases/superseded-results.ts'
import type { RegisterTest } from './register-test.ts'

/** What every RefreshLeases promises, with the stores that share its database. */
export function refreshLeasesContract(test: RegisterTest, open: OpenConnectionStores): void {
  registerPromises(test, open, [
    claimingPromises,
    pacingPromises,
    storingPromises,
    supersededPromises,
    releasingPromises,
    refusalPromises,
  ])
}
