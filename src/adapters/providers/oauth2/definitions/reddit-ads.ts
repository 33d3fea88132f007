import type { OAuth2Definition } from '../definition.ts'

/** Reddit Ads. */
export const redditAds: OAuth2Definition = {
  provider: 'reddit_ads',
  displayName: 'Reddit Ads',
  issuer: 'https://www.reddit.com',
  endpoints: {
    authorization: 'https://www.reddit.com/api/v1/authorize',
    token: 'https://www.reddit.com/api/v1/access_token',
  },
  authorization: {
    scopes: ['adsread'],
    // Without it there is no refresh token.
    parameters: { duration: 'permanent' },
    pkce: { method: 'none', because: 'Reddit has no code_challenge' },
  },
  // Reddit throttles clients that do not say who they are.
  token: { headers: { 'user-agent': 'node:cgk-platform-integrations' } },
}
