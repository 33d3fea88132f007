import type { OAuth2Definition } from '../oauth2/definition.ts'

/** Every URL that the Google Ads client calls. */
export interface GoogleAdsEndpoints {
  readonly authorization: string
  readonly token: string
  readonly revoke: string
  /** The Google Ads API with its version. */
  readonly ads: string
  /** Tells who granted. Without it a disconnect cannot know whom a revocation would affect, and does not revoke. */
  readonly userinfo?: string | undefined
}

/** The one scope of the Google Ads API: reading and writing. */
export const ADWORDS_SCOPE = 'https://www.googleapis.com/auth/adwords'

const ISSUER = 'https://accounts.google.com'

export function googleAdsDefinition(endpoints: GoogleAdsEndpoints): OAuth2Definition {
  const { authorization, token, revoke, userinfo } = endpoints
  return {
    provider: 'google_ads',
    displayName: 'Google Ads',
    issuer: ISSUER,
    endpoints: { authorization, token },
    authorization: {
      // openid names the person: revoking any token of theirs ends every grant they made to this app.
      scopes: ['openid', ADWORDS_SCOPE],
      requiredScopes: [ADWORDS_SCOPE],
      // Google issues a refresh token only offline, and reliably only when it asks for consent.
      parameters: { access_type: 'offline', prompt: 'consent' },
      // The server's metadata announces iss; responses were not seen to carry it.
      iss: { value: ISSUER, isAlwaysSent: false },
    },
    token: { clientAuthentication: 'post' },
    rotation: { kind: 'none' },
    revocation: { url: revoke, ends: 'subject', isClientAuthenticated: false },
    ...(userinfo === undefined ? {} : { identity: { url: userinfo, subject: 'sub', subjectName: 'name' } }),
  }
}
