import type { OAuth2Definition } from '../definition.ts'

/** Amazon Ads in North America; Europe and the Far East have endpoints of their own. */
export const amazonAds: OAuth2Definition = {
  provider: 'amazon_ads',
  displayName: 'Amazon Ads',
  issuer: 'https://www.amazon.com',
  endpoints: { authorization: 'https://www.amazon.com/ap/oa', token: 'https://api.amazon.com/auth/o2/token' },
  authorization: { scopes: ['advertising::campaign_management'] },
  token: { clientAuthentication: 'post' },
}
