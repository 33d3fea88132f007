import { Secret } from '../src/domain/model/secret.ts'
import type { OAuthProviderClient } from '../src/ports/provider-client.ts'

/** A platform that answers at once: what is left of a flow is our own time. */
export const INSTANT_PLATFORM: OAuthProviderClient = {
  traits: {
    provider: 'google_ads',
    displayName: 'Google Ads',
    issuer: 'https://accounts.google.com',
    rotation: { kind: 'none' },
    renewal: 'refresh_token',
    marginMs: 300_000,
    windowMs: 1_200_000,
    renewAtMostEveryMs: 0,
    verifyEveryMs: 86_400_000,
    revocation: 'subject',
    hasAccounts: true,
  },
  authorization: {
    clientId: '123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com',
    redirectUri: 'https://app.example.com/api/integrations/google_ads/callback',
    scopes: ['https://www.googleapis.com/auth/adwords', 'openid'],
    pkce: { method: 'S256' },
    codeParameters: ['code'],
  },
  authorizationUrl: ({ state }) => `https://accounts.google.com/o/oauth2/v2/auth?state=${state}`,
  exchangeCode: async () => ({
    accessToken: new Secret(`ya29.${'a'.repeat(195)}`),
    refreshToken: new Secret(`1//${'r'.repeat(100)}`),
    expiresInMs: 3_600_000,
    refreshExpiresInMs: null,
  }),
  examine: async () => ({
    subject: { issuer: 'https://accounts.google.com', id: '118200000000000000000' },
    missingScopes: [],
    accounts: [{ id: '1234567890', name: 'Acme Shop', isUsable: true }],
  }),
  refresh: () => Promise.reject(new Error('is not asked')),
  verify: () => Promise.resolve(),
  revoke: () => Promise.resolve(),
}
