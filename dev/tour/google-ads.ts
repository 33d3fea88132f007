import { setTimeout as delay } from 'node:timers/promises'
import { consent } from '../../src/emulator/index.ts'
import {
  completeGoogleAdsOAuth,
  disconnectGoogleAds,
  getGoogleAdsAccessToken,
  getIntegrationStatus,
  selectGoogleAdsCustomer,
  startGoogleAdsOAuth,
} from '../../src/index.ts'
import { isRefused } from './meta.ts'
import { hint } from './steps.ts'
import type { Steps, Tell } from './steps.ts'

const TENANT = 'rawdog'

/** Access tokens of two seconds here, of an hour at Google: the second read refreshes. */
export function googleAdsLife(tell: Tell): (steps: Steps) => Promise<void> {
  return async (steps) => {
    const { authUrl } = await startGoogleAdsOAuth({
      tenantId: TENANT,
      returnUrl: '/admin/settings/integrations',
    })
    tell('  → consent page opened with PKCE and prompt=consent, Ada allows it')
    const result = await completeGoogleAdsOAuth((await consent(authUrl, { person: 'ada' })).searchParams)
    steps.connected = result.connected
    tell(`  ✓ connected; ${String(result.customerIds.length)} customers`)

    const customer = result.customers.find(({ isUsable }) => isUsable)
    if (customer === undefined) throw new Error('no usable customer')
    await selectGoogleAdsCustomer(TENANT, customer.id, customer.name)
    const selected = await getIntegrationStatus(TENANT, 'google_ads')
    steps.accountSelected = selected.status === 'active' && selected.accountName === (customer.name ?? null)
    tell(`  ✓ chose ${customer.name ?? customer.id}; status ${selected.status}`)

    const token = await getGoogleAdsAccessToken(TENANT)
    steps.tokenServed = token.length > 0
    tell(`  ✓ token served: ${hint(token)}`)

    await delay(2_100)
    const renewed = await getGoogleAdsAccessToken(TENANT)
    steps.refreshed = renewed !== token
    tell(`  ✓ it expired; the next read refreshed it: ${hint(renewed)}`)

    const { revoked } = await disconnectGoogleAds(TENANT)
    steps.disconnected = revoked === 'at_provider' && (await isRefused(() => getGoogleAdsAccessToken(TENANT)))
    tell(`  ✓ disconnected, revoked: ${revoked}`)
  }
}
