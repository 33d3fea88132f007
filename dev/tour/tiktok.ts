import { consent } from '../../src/emulator/index.ts'
import {
  completeTikTokOAuth,
  disconnectTikTok,
  getIntegrationStatus,
  getTikTokAccessToken,
  refreshTikTokToken,
  selectTikTokAdvertiser,
  startTikTokOAuth,
} from '../../src/index.ts'
import { isRefused } from './meta.ts'
import { hint } from './steps.ts'
import type { Steps, Tell } from './steps.ts'

const TENANT = 'rawdog'

/** No expiry and no refresh token: a token is asked after once a day whether it still lives. */
export function tiktokLife(tell: Tell): (steps: Steps) => Promise<void> {
  return async (steps) => {
    const { authUrl } = await startTikTokOAuth({
      tenantId: TENANT,
      returnUrl: '/admin/settings/integrations',
    })
    tell('  → portal page opened, Ada confirms')
    const result = await completeTikTokOAuth((await consent(authUrl, { person: 'ada' })).searchParams)
    steps.connected = result.connected
    tell(`  ✓ connected; ${String(result.advertiserIds.length)} advertisers`)

    const advertiser = result.advertisers.find(({ isUsable }) => isUsable)
    if (advertiser === undefined) throw new Error('no usable advertiser')
    await selectTikTokAdvertiser(TENANT, advertiser.id, advertiser.name)
    const selected = await getIntegrationStatus(TENANT, 'tiktok')
    steps.accountSelected = selected.status === 'active' && selected.accountName === (advertiser.name ?? null)
    tell(`  ✓ chose ${advertiser.name ?? advertiser.id}; status ${selected.status}`)

    const token = await getTikTokAccessToken(TENANT)
    steps.tokenServed = token.length > 0 && selected.tokenExpiresAt === null
    tell(`  ✓ token served: ${hint(token)}; it has no end`)

    const { success } = await refreshTikTokToken(TENANT)
    steps.refreshed = success
    tell('  ✓ checked again: TikTok still accepts it')

    const { revoked } = await disconnectTikTok(TENANT)
    steps.disconnected = revoked === 'at_provider' && (await isRefused(() => getTikTokAccessToken(TENANT)))
    tell(`  ✓ disconnected, revoked: ${revoked}`)
  }
}
