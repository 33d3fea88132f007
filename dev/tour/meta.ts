import { setTimeout as delay } from 'node:timers/promises'
import { consent } from '../../src/emulator/index.ts'
import {
  completeMetaOAuth,
  disconnectMeta,
  getIntegrationStatus,
  getMetaAccessToken,
  isIntegrationError,
  refreshMetaToken,
  selectMetaAdAccount,
  startMetaOAuth,
} from '../../src/index.ts'
import { hint } from './steps.ts'
import type { Steps, Tell } from './steps.ts'

const TENANT = 'rawdog'

/** Long-lived token, no refresh token: it is exchanged for another while it lives. */
export function metaLife(tell: Tell): (steps: Steps) => Promise<void> {
  return async (steps) => {
    const { authUrl } = await startMetaOAuth({ tenantId: TENANT, returnUrl: '/admin/settings/integrations' })
    tell('  → consent page opened, Ada allows it')
    const callback = await consent(authUrl, { person: 'ada' })
    const result = await completeMetaOAuth(callback.searchParams)
    steps.connected = result.connected
    tell(`  ✓ connected; ${String(result.adAccounts.length)} ad accounts, back to ${result.returnUrl}`)

    const account = result.adAccounts.find(({ isUsable }) => isUsable)
    if (account === undefined) throw new Error('no usable ad account')
    await selectMetaAdAccount(TENANT, account.id, account.name)
    const selected = await getIntegrationStatus(TENANT, 'meta')
    steps.accountSelected = selected.status === 'active' && selected.accountName === account.name
    tell(`  ✓ chose ${account.name ?? account.id}; status ${selected.status}`)

    const token = await getMetaAccessToken(TENANT)
    steps.tokenServed = token.length > 0 && (await getMetaAccessToken(TENANT)) === token
    tell(`  ✓ token served: ${hint(token)}`)

    await delay(1_100)
    const { success, newExpiresAt } = await refreshMetaToken(TENANT)
    const renewed = await getMetaAccessToken(TENANT)
    steps.refreshed = success && renewed !== token && newExpiresAt !== undefined
    tell(
      `  ✓ exchanged for ${hint(renewed)}, good until ${newExpiresAt?.toISOString().slice(0, 10) ?? 'unknown'}`,
    )

    const { revoked } = await disconnectMeta(TENANT)
    steps.disconnected = revoked === 'at_provider' && (await isRefused(() => getMetaAccessToken(TENANT)))
    tell(`  ✓ disconnected, revoked: ${revoked}`)
  }
}

/** A disconnected tenant gets no token. */
export async function isRefused(read: () => Promise<string>): Promise<boolean> {
  try {
    await read()
    return false
  } catch (error) {
    return isIntegrationError(error) && error.code === 'not_connected'
  }
}
