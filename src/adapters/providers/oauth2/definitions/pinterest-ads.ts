import type { OAuth2Definition } from '../definition.ts'

/** Pinterest Ads; its refresh tokens rotate, and what an old one does is not documented. */
export const pinterestAds: OAuth2Definition = {
  provider: 'pinterest_ads',
  displayName: 'Pinterest Ads',
  issuer: 'https://www.pinterest.com',
  endpoints: {
    authorization: 'https://www.pinterest.com/oauth/',
    token: 'https://api.pinterest.com/v5/oauth/token',
  },
  authorization: {
    scopes: ['ads:read', 'user_accounts:read'],
    scopeSeparator: ',',
    pkce: { method: 'none', because: 'Pinterest has no code_challenge' },
  },
  // Needs user_accounts:read.
  identity: { url: 'https://api.pinterest.com/v5/user_account', subject: 'id', subjectName: 'username' },
}
