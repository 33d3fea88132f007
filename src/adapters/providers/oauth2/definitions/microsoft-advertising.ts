import type { OAuth2Definition } from '../definition.ts'

const manage = 'https://ads.microsoft.com/msads.manage'

/** Microsoft Advertising; a refreshed token leaves its predecessor alive. */
export const microsoftAdvertising: OAuth2Definition = {
  provider: 'microsoft_advertising',
  displayName: 'Microsoft Advertising',
  issuer: 'https://login.microsoftonline.com/common/v2.0',
  endpoints: {
    authorization: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    token: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  },
  authorization: { scopes: [manage, 'offline_access'], requiredScopes: [manage] },
  token: { clientAuthentication: 'post', refreshParameters: { scope: `${manage} offline_access` } },
  rotation: { kind: 'none' },
  failures: { reauthorize: ['interaction_required'] },
}
