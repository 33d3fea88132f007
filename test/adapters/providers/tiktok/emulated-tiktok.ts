import { afterEach } from 'vitest'
import { tiktokClient } from '../../../../src/adapters/providers/tiktok/tiktok-client.ts'
import { parseCallback } from '../../../../src/domain/model/callback.ts'
import type { TokenSet } from '../../../../src/domain/model/token-set.ts'
import { consent, emulatorApps, startEmulator } from '../../../../src/emulator/index.ts'
import type { ConsentChoice, Emulator, EmulatorOptions } from '../../../../src/emulator/index.ts'
import type { OAuthProviderClient } from '../../../../src/ports/provider-client.ts'
import { loopbackHttp } from '../oauth2/scripted-server.ts'

export const redirectUri = 'http://localhost:4999/api/integrations/tiktok/callback'

const running: Emulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()))
})

/** An emulated TikTok and the client that talks to it. */
export async function emulatedTikTok(
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; client: OAuthProviderClient }> {
  const emulator = await startEmulator({ platforms: ['tiktok'], ...options })
  running.push(emulator)
  return { emulator, client: clientAt(emulator.endpoints.tiktok) }
}

export function clientAt(endpoints: { authorization: string; api: string }): OAuthProviderClient {
  const { clientId, clientSecret } = emulatorApps.tiktok
  return tiktokClient({
    appId: clientId,
    appSecret: clientSecret,
    redirectUri,
    http: loopbackHttp(),
    endpoints,
    allowLoopbackHttp: true,
  })
}

/** What the advertiser's consent brings. */
export async function grantOf(client: OAuthProviderClient, choice: ConsentChoice): Promise<TokenSet> {
  const callback = await consent(client.authorizationUrl({ state: 'state-1' }), choice)
  const { outcome } = parseCallback(callback.searchParams, client.authorization.codeParameters)
  if (outcome.kind !== 'code') throw outcome.error
  return client.exchangeCode({ code: outcome.code, redirectUri })
}
