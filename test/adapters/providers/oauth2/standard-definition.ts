import type { OAuth2Definition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { oauth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import type { OAuth2Client } from '../../../../src/adapters/providers/oauth2/oauth2-client.ts'
import { Secret } from '../../../../src/domain/model/secret.ts'
import { loopbackHttp } from './scripted-server.ts'

export const redirectUri = 'https://app.example.com/api/integrations/acme/callback'
export const code = new Secret('code-4f2d')
export const verifier = new Secret('a-code-verifier-that-is-just-long-enough-0123')
export const refreshToken = new Secret('refresh-91ac')

/** A platform at `base` that does everything in the usual way. */
export function acmeDefinition(base: string, more: Partial<OAuth2Definition> = {}): OAuth2Definition {
  return {
    provider: 'acme',
    displayName: 'Acme Ads',
    issuer: base,
    endpoints: { authorization: `${base}/authorize`, token: `${base}/token` },
    authorization: { scopes: ['ads.read', 'ads.write'] },
    revocation: { url: `${base}/revoke`, ends: 'token' },
    ...more,
  }
}

export function acmeClient(
  base: string,
  more: Partial<OAuth2Definition> = {},
  now: () => number = Date.now,
): OAuth2Client {
  return oauth2Client({
    definition: acmeDefinition(base, more),
    clientId: 'client-1',
    clientSecret: 'secret+/=&:1',
    redirectUri,
    http: loopbackHttp(),
    allowLoopbackHttp: true,
    now,
  })
}
