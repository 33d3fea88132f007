import { emulatorKlaviyoKeys } from '../../src/emulator/index.ts'
import {
  connectKlaviyo,
  disconnectKlaviyo,
  getKlaviyoApiKey,
  getKlaviyoConnection,
  testKlaviyoConnection,
  updateKlaviyoLists,
} from '../../src/index.ts'
import { isRefused } from './meta.ts'
import { hint } from './steps.ts'
import type { Steps, Tell } from './steps.ts'

const TENANT = 'rawdog'

/** A private API key, no consent page; the account is the key's, and the lists are chosen. */
export function klaviyoLife(tell: Tell): (steps: Steps) => Promise<void> {
  return async (steps) => {
    const privateApiKey = emulatorKlaviyoKeys.full
    const result = await connectKlaviyo({ tenantId: TENANT, privateApiKey })
    steps.connected = result.connected
    tell(`  ✓ connected to ${result.companyName}; ${String(result.lists.length)} lists`)

    const list = result.lists[0]
    if (list === undefined) throw new Error('no list')
    await updateKlaviyoLists(TENANT, list.id, null)
    const connection = await getKlaviyoConnection(TENANT)
    steps.accountSelected = connection?.status === 'active' && connection.emailListId === list.id
    tell(`  ✓ chose the list ${list.name} for e-mail`)

    const key = await getKlaviyoApiKey(TENANT)
    steps.tokenServed = key === privateApiKey
    tell(`  ✓ key served: ${hint(key)}`)

    const { success } = await testKlaviyoConnection(TENANT)
    steps.refreshed = success
    tell('  ✓ checked again: Klaviyo still accepts it')

    const { revoked } = await disconnectKlaviyo(TENANT)
    steps.disconnected = revoked === 'local_only' && (await isRefused(() => getKlaviyoApiKey(TENANT)))
    tell('  ✓ disconnected; a key can only be deleted in Klaviyo itself')
  }
}
