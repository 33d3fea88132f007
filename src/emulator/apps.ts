/** An app as it is registered at a platform. */
export interface EmulatedApp {
  readonly clientId: string
  readonly clientSecret: string
}

/** The apps that the emulator knows. They exist on loopback only, so their secrets are public. */
export const emulatorApps = {
  meta: { clientId: '138483919580948', clientSecret: 'emulated0meta0app0secret00000001' },
  google_ads: {
    clientId: '407408718192-emulated.apps.googleusercontent.com',
    clientSecret: 'GOCSPX-emulated-google-secret-01',
  },
  tiktok: { clientId: '7239012345678901234', clientSecret: 'emulatedtiktoksecret000000000000000000001' },
  klaviyo: { clientId: 'emulated-klaviyo-client', clientSecret: 'emulated-klaviyo-secret-0000000000000001' },
  standard: { clientId: 'emulated-standard-client', clientSecret: 'emulated+standard/secret=0001' },
} as const satisfies Readonly<Record<string, EmulatedApp>>

/** Private Klaviyo keys, named by what each one shows. */
export const emulatorKlaviyoKeys = {
  full: 'pk_EMUFUL_0f1e2d3c4b5a69788796a5b4c3d2e1f001',
  many: 'pk_EMUMNY_0f1e2d3c4b5a69788796a5b4c3d2e1f002',
  empty: 'pk_EMUEMP_0f1e2d3c4b5a69788796a5b4c3d2e1f003',
  withoutLists: 'pk_EMUNOL_0f1e2d3c4b5a69788796a5b4c3d2e1f004',
  deleted: 'pk_EMUDEL_0f1e2d3c4b5a69788796a5b4c3d2e1f005',
} as const

/**
 * The variables that make the root functions talk to an emulator at `url` as its apps. The database, the encryption key
 * and the host's own address, which must be on loopback, are the host's.
 */
export function emulatorEnvironment(url: string): Readonly<Record<string, string>> {
  return {
    INTEGRATIONS_EMULATOR_URL: url,
    META_APP_ID: emulatorApps.meta.clientId,
    META_APP_SECRET: emulatorApps.meta.clientSecret,
    GOOGLE_ADS_CLIENT_ID: emulatorApps.google_ads.clientId,
    GOOGLE_ADS_CLIENT_SECRET: emulatorApps.google_ads.clientSecret,
    GOOGLE_ADS_DEVELOPER_TOKEN: 'emulated-developer-token',
    TIKTOK_APP_ID: emulatorApps.tiktok.clientId,
    TIKTOK_APP_SECRET: emulatorApps.tiktok.clientSecret,
  }
}
