import type { OAuth2Definition } from '../definition.ts'

/** Snapchat Ads. */
export const snapchatAds: OAuth2Definition = {
  provider: 'snapchat_ads',
  displayName: 'Snapchat Ads',
  issuer: 'https://accounts.snapchat.com',
  endpoints: {
    authorization: 'https://accounts.snapchat.com/login/oauth2/authorize',
    token: 'https://accounts.snapchat.com/login/oauth2/access_token',
  },
  authorization: {
    scopes: ['snapchat-marketing-api'],
    pkce: { method: 'none', because: 'Snapchat has no code_challenge for marketing apps' },
  },
  token: { clientAuthentication: 'post' },
  identity: {
    url: 'https://adsapi.snapchat.com/v1/me',
    subject: 'me.id',
    subjectName: 'me.display_name',
  },
}
