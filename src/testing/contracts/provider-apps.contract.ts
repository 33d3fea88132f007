import { registerPromises } from './register-promises.ts'
import type { OpenConnectionStores } from './connection-stores.ts'
import { budgetPromises } from './provider-apps/budgets.ts'
import { suspensionPromises } from './provider-apps/suspensions.ts'
import type { RegisterTest } from './register-test.ts'

/** What every ProviderApps promises, with the claims that share its database. */
export function providerAppsContract(test: RegisterTest, open: OpenConnectionStores): void {
  registerPromises(test, open, [suspensionPromises, budgetPromises])
}
