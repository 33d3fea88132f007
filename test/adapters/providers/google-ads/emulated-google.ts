import { createHash } from 'node:crypto'
import { afterEach } from 'vitest'
import { googleAdsClient } from '../../../../src/adapters/providers/google-ads/google-ads-client.ts'
import type { GoogleAdsClientOptions } from '../../../../src/adapters/providers/google-ads/google-ads-client.ts'
import { parseCallback } from '../../../../src/domain/model/callback.ts'
import type { TokenSet } from '../../../../src/domain/model/token-set.ts'
import { consent, emulatorApps, startEmulator } from '../../../../src/emulator/index.ts'
import type { ConsentChoice, Emulator } from '../../../../src/emulator/index.ts'
import type { OAuthProviderClient } from '../../../../src/ports/provider-client.ts'
import { loopbackHttp } from '../oauth2/scripted-server.ts'
import { verifier } from '../oauth2/standard-definition.ts'

export const redirectUri = 'http://localhost:4999/api/integrations/google_ads/callback'

const running: Emulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()))
})

/** An emulated Google and the client that talks to it. */
export async function emulatedGoogle(
  more: Partial<GoogleAdsClientOptions> = {},
): Promise<{ emulator: Emulator; client: OAuthProviderClient }> {
  const emulator = await startEmulator({ platforms: ['google_ads'] })
  running.push(emulator)
  const client = googleAdsClient({
    ...emulatorApps.google_ads,
    redirectUri,
    http: loopbackHttp(),
    endpoints: emulator.endpoints.google_ads,
    allowLoopbackHttp: true,
    ...more,
  })
  return { emulator, client }
}

/** What the person's consent brings. */
export async function grantOf(client: OAuthProviderClient, choice: ConsentChoice): Promise<TokenSet> {
  const codeChallenge = createHash('sha256').update(verifier.reveal()).digest('base64url')
  const url = client.authorizationUrl({ state: 'state-1', codeChallenge })
  const callback = await consent(url, choice)
  const { outcome } = parseCallback(callback.searchParams, client.authorization.codeParameters)
  if (outcome.kind !== 'code') throw outcome.error
  return client.exchangeCode({ code: outcome.code, redirectUri, codeVerifier: verifier })
}
