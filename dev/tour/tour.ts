import { randomBytes } from 'node:crypto'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { migrate } from '../../src/adapters/postgres/index.ts'
import { emulatorApps, startEmulator } from '../../src/emulator/index.ts'
import { closeIntegrations, configureIntegrations } from '../../src/index.ts'
import { startAuthorizationServer } from '../services/authorization-server.ts'
import { startPostgres } from '../services/postgres.ts'
import { googleAdsLife } from './google-ads.ts'
import { klaviyoLife } from './klaviyo.ts'
import { metaLife } from './meta.ts'
import { standardLife } from './standard.ts'
import { live } from './steps.ts'
import type { Steps, Tell } from './steps.ts'
import { tiktokLife } from './tiktok.ts'

const BASE_URL = 'http://localhost:3000'

/** Lives the life of each platform over real HTTP on a real Postgres; nothing needs to be configured. */
export async function runTour(tell: Tell): Promise<Record<string, Steps>> {
  const opened: (() => Promise<void>)[] = []
  try {
    tell('Starting Postgres, the emulator of the platforms and an OpenID provider on loopback.')
    const postgres = await startPostgres({ isDedicated: true })
    opened.unshift(() => postgres.stop())
    const emulator = await startEmulator({ lifetimes: { google_ads: { access: 2 } } })
    opened.unshift(() => emulator.close())
    const server = await startAuthorizationServer({
      redirectUri: `${BASE_URL}/api/integrations/standard/callback`,
      accessTokenTtlSeconds: 2,
    })
    opened.unshift(() => server.close())

    await migrate({ connectionString: postgres.url })
    const container = createIntegrationsContainer({
      database: { connectionString: postgres.url },
      encryption: { key: randomBytes(32).toString('base64') },
      baseUrl: BASE_URL,
      emulatorUrl: emulator.url,
      providers: {
        meta: { appId: emulatorApps.meta.clientId, appSecret: emulatorApps.meta.clientSecret },
        googleAds: emulatorApps.google_ads,
        tiktok: { appId: emulatorApps.tiktok.clientId, appSecret: emulatorApps.tiktok.clientSecret },
        klaviyo: {},
        oauth2: [
          { definition: server.definition, clientId: server.clientId, clientSecret: server.clientSecret },
        ],
      },
    })
    configureIntegrations(container)
    opened.unshift(closeIntegrations)

    return {
      meta: await live('Meta Ads', tell, metaLife(tell)),
      google_ads: await live('Google Ads', tell, googleAdsLife(tell)),
      tiktok: await live('TikTok Ads', tell, tiktokLife(tell)),
      klaviyo: await live('Klaviyo', tell, klaviyoLife(tell)),
      standard: await live(
        'A standard provider (oidc-provider: PKCE, rotation, reuse revokes)',
        tell,
        standardLife(tell, container, server),
      ),
    }
  } finally {
    for (const close of opened) await close()
  }
}
