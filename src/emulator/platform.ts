/** The services that the emulator plays: the four platforms and one plain RFC 6749 server. */
export type EmulatedPlatform = 'meta' | 'google_ads' | 'tiktok' | 'klaviyo' | 'standard'

/** All of them, in the order in which they are shown. */
export const emulatedPlatforms = ['meta', 'google_ads', 'tiktok', 'klaviyo', 'standard'] as const

/** Every URL that a client has to be pointed at, in place of the platforms' own. */
export interface EmulatorEndpoints {
  readonly meta: { readonly authorization: string; readonly graph: string }
  readonly google_ads: {
    readonly authorization: string
    readonly token: string
    readonly revoke: string
    readonly ads: string
    readonly userinfo: string
  }
  readonly tiktok: { readonly authorization: string; readonly api: string }
  readonly klaviyo: { readonly api: string }
  readonly standard: {
    readonly issuer: string
    readonly authorization: string
    readonly token: string
    readonly revocation: string
    readonly userinfo: string
  }
}

/** The endpoints of an emulator that listens at `url`. */
export function emulatorEndpoints(url: string): EmulatorEndpoints {
  return {
    meta: { authorization: `${url}/meta/v26.0/dialog/oauth`, graph: `${url}/meta/graph/v26.0` },
    google_ads: {
      authorization: `${url}/google/o/oauth2/v2/auth`,
      token: `${url}/google/token`,
      revoke: `${url}/google/revoke`,
      ads: `${url}/google/ads/v25`,
      userinfo: `${url}/google/oauth2/v3/userinfo`,
    },
    tiktok: { authorization: `${url}/tiktok/portal/auth`, api: `${url}/tiktok/open_api/v1.3` },
    klaviyo: { api: `${url}/klaviyo/api` },
    standard: {
      issuer: `${url}/standard`,
      authorization: `${url}/standard/authorize`,
      token: `${url}/standard/token`,
      revocation: `${url}/standard/revoke`,
      userinfo: `${url}/standard/me`,
    },
  }
}
