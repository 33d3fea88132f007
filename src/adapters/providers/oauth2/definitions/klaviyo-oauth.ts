import type { OAuth2Definition } from '../definition.ts'

/** Klaviyo for apps that serve many Klaviyo accounts; the API-key connection is a client of its own. */
export const klaviyoOAuth: OAuth2Definition = {
  provider: 'klaviyo_oauth',
  displayName: 'Klaviyo',
  issuer: 'https://www.klaviyo.com',
  endpoints: {
    authorization: 'https://www.klaviyo.com/oauth/authorize',
    // www.klaviyo.com has refused token requests since March 2025.
    token: 'https://a.klaviyo.com/oauth/token',
  },
  authorization: { scopes: ['accounts:read', 'lists:read', 'segments:read'] },
  // Its documentation says for an expired refresh token what RFC 6749 says for an unknown grant type.
  failures: { reauthorize: ['invalid_grant_type'] },
  // Token requests and API calls alike are counted for each Klaviyo account.
  throttles: 'connection',
  // The installation in one Klaviyo account ends, and that account is the subject.
  revocation: { url: 'https://a.klaviyo.com/oauth/revoke', ends: 'subject' },
  identity: {
    url: 'https://a.klaviyo.com/api/accounts',
    headers: { accept: 'application/vnd.api+json', revision: '2026-07-15' },
    subject: 'data.0.id',
    subjectName: 'data.0.attributes.contact_information.organization_name',
    accounts: { path: 'data', id: 'id', name: 'attributes.contact_information.organization_name' },
  },
}
