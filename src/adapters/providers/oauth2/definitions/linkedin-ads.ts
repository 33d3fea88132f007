import { DAY_MS } from '../../../../domain/model/time.ts'
import type { OAuth2Definition } from '../definition.ts'

/** LinkedIn Ads; only approved marketing partners get refresh tokens, all others reconnect every sixty days. */
export const linkedinAds: OAuth2Definition = {
  provider: 'linkedin_ads',
  displayName: 'LinkedIn Ads',
  issuer: 'https://www.linkedin.com',
  endpoints: {
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
  authorization: {
    scopes: ['r_ads', 'r_ads_reporting'],
    pkce: { method: 'none', because: 'LinkedIn offers it to native apps only, and on request' },
  },
  token: { clientAuthentication: 'post' },
  marginMs: DAY_MS,
}
