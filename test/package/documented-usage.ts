/** The uses that hosts have been shown, each a module of its own; the last line hands its results to the test. */
export const documentedUsage: Readonly<Record<string, string>> = {
  'quick-reference.ts': `import {
  startMetaOAuth,
  completeMetaOAuth,
  getMetaConnection,
  refreshMetaToken,
  encryptToken,
  decryptToken,
} from '@cgk-platform/integrations'

export const all = [
  startMetaOAuth,
  completeMetaOAuth,
  getMetaConnection,
  refreshMetaToken,
  encryptToken,
  decryptToken,
]
`,
  'starting.ts': `import { startMetaOAuth } from '@cgk-platform/integrations'

const { authUrl, state } = await startMetaOAuth({
  tenantId: 'rawdog',
  returnUrl: '/admin/settings/integrations',
})

export { authUrl, state }
`,
  'completing.ts': `import { completeMetaOAuth } from '@cgk-platform/integrations'

const result = await completeMetaOAuth({
  code: params.code,
  state: params.state,
})

export { result }
`,
  'encrypting.ts': `import { encryptToken, decryptToken } from '@cgk-platform/integrations'

const encrypted = await encryptToken(token, process.env.ENCRYPTION_KEY!)

const plaintext = await decryptToken(encrypted, process.env.ENCRYPTION_KEY!)

export { encrypted, plaintext }
`,
  'access-token.ts': `import { getMetaAccessToken } from '@cgk-platform/integrations'

const accessToken = await getMetaAccessToken(tenantId)

export { accessToken }
`,
  'status.ts': `import { getAllIntegrationStatuses, getIntegrationStatus } from '@cgk-platform/integrations'

const statuses = await getAllIntegrationStatuses(tenantId)

const metaStatus = await getIntegrationStatus(tenantId, 'meta')

export { statuses, metaStatus }
`,
}

/** What the host's own code around those uses provides. */
export const surroundings: Readonly<Record<string, string>> = {
  'host.d.ts': `declare const params: { code: string; state: string }
declare const token: string
declare const tenantId: string
declare const user: { id: string }
declare function readSession(
  request: Request,
): Promise<{ organisationId: string; userId: string; id: string } | null>
declare function isAdmin(userId: string): boolean
declare function remind(tenantId: string, provider: string, endsAt: Date): Promise<void>
`,
  'main.ts': `import {
  closeIntegrations,
  completeTikTokOAuth,
  createOAuthState,
  encryptToken,
  isIntegrationError,
  selectMetaAdAccount,
  startGoogleAdsOAuth,
  startMetaOAuth,
  startTikTokOAuth,
  validateOAuthState,
} from '@cgk-platform/integrations'
import { consent, emulatorEnvironment, startEmulator } from '@cgk-platform/integrations/emulator'

const emulator = await startEmulator()
Object.assign(process.env, emulatorEnvironment(emulator.url))
Object.assign(globalThis, { token: 'a token of the host', tenantId: 'rawdog', user: { id: 'ada' } })

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
    return 'nothing was thrown'
  } catch (error) {
    return isIntegrationError(error) ? error.code : String(error)
  }
}
const consented = async (authUrl: string): Promise<URLSearchParams> => {
  const { searchParams } = await consent(authUrl)
  Object.assign(globalThis, { params: Object.fromEntries(searchParams) })
  return searchParams
}

await import('./quick-reference.js')
const { authUrl, state } = await import('./starting.js')
await consented(authUrl)
const { result } = await import('./completing.js')
const [account] = result.adAccounts
if (account !== undefined) await selectMetaAdAccount('rawdog', account.id)
const { accessToken } = await import('./access-token.js')
const { statuses, metaStatus } = await import('./status.js')
const { encrypted, plaintext } = await import('./encrypting.js')

const secret = process.env.ENCRYPTION_KEY ?? ''
const own = await createOAuthState('rawdog', '/settings', secret)
const first = await validateOAuthState(own.state, secret)
const returnUrl = '/settings'
const google = await startGoogleAdsOAuth({ tenantId: 'rawdog', returnUrl })
const tiktok = await startTikTokOAuth({ tenantId: 'rawdog', returnUrl })
const callback = await consented(tiktok.authUrl)
for (const name of ['auth_code', 'code']) if (callback.has(name)) callback.set(name, 'not-the-code')

export const refusedByTheCompiler = [
  // @ts-expect-error the tenant is missing
  () => startMetaOAuth({ returnUrl: '/settings' }),
  // @ts-expect-error a token is text
  () => encryptToken(1, secret),
]

const seen = {
  hasState: new URL(authUrl).searchParams.get('state') === state,
  connected: result.connected,
  returnUrl: result.returnUrl,
  hasAccounts: result.adAccounts.length > 0,
  hasToken: accessToken.length > 20,
  metaStatus: metaStatus.status,
  platforms: statuses.map(({ provider }) => provider),
  isSealed: !encrypted.includes(token) && plaintext === token,
  shortKey: await codeOf(() => encryptToken(token, 'short')),
  longKey: await codeOf(() => encryptToken(token, 'abcdefghijklmnopqrstuvwxyz123456')),
  firstUse: first.tenantId,
  secondUse: await codeOf(() => validateOAuthState(own.state, secret)),
  googlePrompt: new URL(google.authUrl).searchParams.get('prompt'),
  tiktokRefusal: await codeOf(() => completeTikTokOAuth(callback)),
}
const { authUrl: again } = await import('./readme-start.js')
await consented(again)
const readme = await import('./readme-complete.js')
process.stdout.write(JSON.stringify({ ...seen, readme: readme.returnUrl, readmeToken: readme.accessToken.length > 20 }))
await closeIntegrations()
await emulator.close()
`,
}
