import type { OAuth2Definition } from '../definition.ts'

/** Mailchimp: tokens without end and without scopes. */
export const mailchimp: OAuth2Definition = {
  provider: 'mailchimp',
  displayName: 'Mailchimp',
  issuer: 'https://login.mailchimp.com',
  endpoints: {
    authorization: 'https://login.mailchimp.com/oauth2/authorize',
    token: 'https://login.mailchimp.com/oauth2/token',
  },
  authorization: {
    scopeSeparator: 'none',
    pkce: { method: 'none', because: 'Mailchimp has no code_challenge' },
  },
  token: { clientAuthentication: 'post' },
  renewal: 'none',
  identity: {
    url: 'https://login.mailchimp.com/oauth2/metadata',
    authorizationHeader: { name: 'authorization', value: 'OAuth {token}' },
    // The account; who signed in is `login.login_id`, and may have several.
    subject: 'user_id',
    subjectName: 'accountname',
  },
}
