import { setTimeout as delay } from 'node:timers/promises'
import type { Container } from 'inversify'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { getIntegrationStatus } from '../../src/index.ts'
import type { AuthorizationServer } from '../services/authorization-server.ts'
import { isRefused } from './meta.ts'
import { hint } from './steps.ts'
import type { Steps, Tell } from './steps.ts'

const TENANT = 'rawdog'
const KEY = { tenantId: parseTenantId(TENANT), provider: 'standard', label: 'default' }

/** A platform of the host's own, from its definition: the same use cases, asked of the container. */
export function standardLife(
  tell: Tell,
  container: Container,
  server: AuthorizationServer,
): (steps: Steps) => Promise<void> {
  return async (steps) => {
    const connections = container.get(IDS.Connections)
    const tokens = container.get(IDS.AccessTokens)
    const { authUrl } = await connections.start({ key: KEY, returnUrl: '/admin/settings/integrations' })
    const callback = (await server.consent(authUrl)).searchParams
    const { connection } = await connections.complete(KEY.provider, { callback })
    steps.connected = connection.status === 'active'
    tell('  ✓ connected with PKCE; the issuer named itself in the callback')

    const status = await getIntegrationStatus(TENANT, KEY.provider)
    steps.accountSelected = connection.subject !== undefined && status.connected
    tell(
      `  ✓ the grant is of ${connection.subject?.id ?? 'nobody'}; nothing to choose; status ${status.status}`,
    )

    const token = (await tokens.get(KEY)).reveal()
    steps.tokenServed = await server.isAccepted(token)
    tell(`  ✓ token served and accepted: ${hint(token)}`)

    await delay(2_100)
    const renewed = (await tokens.get(KEY)).reveal()
    await tokens.refresh(KEY)
    const again = (await tokens.get(KEY)).reveal()
    steps.refreshed = renewed !== token && again !== renewed && (await server.isAccepted(again))
    tell(`  ✓ it expired; refreshed twice, the refresh token rotated each time: ${hint(again)}`)

    const revoked = await connections.disconnect(KEY)
    const isGone = await isRefused(async () => (await tokens.get(KEY)).reveal())
    steps.disconnected = revoked === 'at_provider' && isGone && !(await server.isAccepted(again))
    tell(`  ✓ disconnected, revoked: ${revoked}`)
  }
}
