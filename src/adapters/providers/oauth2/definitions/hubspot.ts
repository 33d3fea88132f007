import type { OAuth2Definition } from '../definition.ts'

/** HubSpot, over the token endpoint that replaces `/oauth/v1/token` in February 2027. */
export const hubspot: OAuth2Definition = {
  provider: 'hubspot',
  displayName: 'HubSpot',
  issuer: 'https://app.hubspot.com',
  endpoints: {
    authorization: 'https://app.hubspot.com/oauth/authorize',
    token: 'https://api.hubapi.com/oauth/2026-03/token',
  },
  authorization: { scopes: ['oauth'] },
  token: { clientAuthentication: 'post' },
  // A grant is of a HubSpot account, whoever of it installs the app.
  identity: { url: 'https://api.hubapi.com/account-info/2026-03/details', subject: 'portalId' },
}
