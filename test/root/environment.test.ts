import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  createIntegrationsContainerFromEnvironment,
  hubspot,
  IDS,
} from '../../src/application/container/index.ts'
import type { ConnectionEvent } from '../../src/application/container/index.ts'
import { consent, emulatorEnvironment, emulatorKlaviyoKeys, startEmulator } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  closeIntegrations,
  completeMetaOAuth,
  configureIntegrations,
  connectKlaviyo,
  decryptToken,
  encryptToken,
  generateEncryptionKey,
  getAllIntegrationStatuses,
  getIntegrationStatus,
  getKlaviyoApiKey,
  isValidEncryptionKey,
  startGoogleAdsOAuth,
  startMetaOAuth,
  startTikTokOAuth,
} from '../../src/index.ts'
import { codeOf, newTenant, refusalOf, saying } from '../acceptance/workbench.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

const KEY = generateEncryptionKey()
const NEW_KEY = generateEncryptionKey()
const BASE = { tenantId: 'rawdog', returnUrl: '/admin/settings/integrations' }

let database: TestDatabase
let emulator: Emulator
const before = { ...process.env }
beforeAll(async () => {
  database = await freshDatabase()
  emulator = await startEmulator()
})
afterAll(async () => {
  await emulator.close()
  await database.drop()
})
afterEach(() => environment(before))

/** What is not given is not set. */
async function environment(variables: Readonly<Record<string, string | undefined>>): Promise<void> {
  await closeIntegrations()
  const ours = /^(META|GOOGLE_ADS|TIKTOK|KLAVIYO|INTEGRATION|INTEGRATIONS|NEXT_PUBLIC|DATABASE|REDIS)_/
  for (const name of Object.keys(process.env).filter((each) => ours.test(each))) {
    Reflect.deleteProperty(process.env, name)
  }
  Object.assign(process.env, variables)
}

function everything(): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    ...emulatorEnvironment(emulator.url),
    NEXT_PUBLIC_URL: 'http://localhost:4999',
    META_ENCRYPTION_KEY: generateEncryptionKey(),
    GOOGLE_ADS_ENCRYPTION_KEY: generateEncryptionKey(),
    TIKTOK_ENCRYPTION_KEY: generateEncryptionKey(),
    INTEGRATION_ENCRYPTION_KEY: KEY,
  }
}

describe('The environment', () => {
  test('without a database, everything that needs it says so; encryption needs nothing', async () => {
    await environment({})
    for (const call of [() => startMetaOAuth(BASE), () => getAllIntegrationStatuses('rawdog')]) {
      expect(await refusalOf(call)).toMatchObject({ code: 'config_invalid', message: saying('DATABASE_URL') })
    }
    const sealed = await encryptToken('token', KEY)
    expect(await decryptToken(sealed, KEY)).toBe('token')
    expect(isValidEncryptionKey(generateEncryptionKey())).toBe(true)
    expect(isValidEncryptionKey('short')).toBe(false)
  })

  test('names all that a platform lacks, in one error, when it is used and not before', async () => {
    await environment({ DATABASE_URL: database.url, INTEGRATION_ENCRYPTION_KEY: KEY })
    expect(await getIntegrationStatus('rawdog', 'meta')).toMatchObject({ status: 'not_connected' })
    for (const [start, names] of [
      [startMetaOAuth, ['META_APP_ID', 'META_APP_SECRET', 'NEXT_PUBLIC_URL or META_REDIRECT_URI']],
      [startGoogleAdsOAuth, ['GOOGLE_ADS_CLIENT_ID', 'GOOGLE_ADS_CLIENT_SECRET', 'NEXT_PUBLIC_URL']],
      [startTikTokOAuth, ['TIKTOK_APP_ID', 'TIKTOK_APP_SECRET', 'NEXT_PUBLIC_URL']],
    ] as const) {
      const { code, message } = await refusalOf(() => start(BASE))
      expect(code).toBe('config_invalid')
      for (const name of names) expect(message).toContain(name)
    }
  })

  test('with the key of one platform only, that one works and another names its key', async () => {
    const { INTEGRATION_ENCRYPTION_KEY: _general, GOOGLE_ADS_ENCRYPTION_KEY: _google, ...rest } = everything()
    await environment(rest)
    expect((await startMetaOAuth(BASE)).authUrl).toContain(emulator.url)
    expect(await refusalOf(() => startGoogleAdsOAuth(BASE))).toMatchObject({
      code: 'config_invalid',
      message: saying('GOOGLE_ADS_ENCRYPTION_KEY or INTEGRATION_ENCRYPTION_KEY'),
    })
  })

  test('a key that is too short is refused without being repeated', async () => {
    await environment({ ...everything(), INTEGRATION_ENCRYPTION_KEY: 'CNRY-too-short' })
    const { code, message } = await refusalOf(() => startMetaOAuth(BASE))
    expect(code).toBe('config_invalid')
    expect(message).toContain('INTEGRATION_ENCRYPTION_KEY')
    expect(message).not.toContain('CNRY')
  })

  test('the redirect URI follows NEXT_PUBLIC_URL and the base path, or is given', async () => {
    const redirectUri = async (more: Record<string, string>): Promise<string | null> => {
      await environment({ ...everything(), ...more })
      const { authUrl } = await startGoogleAdsOAuth(BASE)
      return new URL(authUrl).searchParams.get('redirect_uri')
    }
    expect(await redirectUri({})).toBe('http://localhost:4999/api/integrations/google_ads/callback')
    expect(await redirectUri({ INTEGRATIONS_BASE_PATH: '/oauth' })).toBe(
      'http://localhost:4999/oauth/google_ads/callback',
    )
    expect(await redirectUri({ GOOGLE_ADS_REDIRECT_URI: 'https://x.example/cb' })).toBe(
      'https://x.example/cb',
    )
  })

  test('with a Redis, the states are kept there and not in Postgres', async () => {
    await environment({ ...everything(), REDIS_URL: inject('redisUrl') })
    const client = new Client({ connectionString: database.url })
    await client.connect()
    await client.query('DELETE FROM integration_states')
    const { authUrl } = await startMetaOAuth({ ...BASE, tenantId: newTenant() })
    expect((await client.query('SELECT key FROM integration_states')).rows).toEqual([])
    await client.end()
    const callback = (await consent(authUrl, { person: 'sol' })).searchParams
    expect(await completeMetaOAuth(callback)).toMatchObject({ connected: true })
    expect(await codeOf(() => completeMetaOAuth(callback))).toBe('state_invalid')
  })

  test('an emulator anywhere but on this machine is refused', async () => {
    for (const url of ['http://emulator.example', 'http://10.0.0.1:1', 'https://127.0.0.1.evil.example']) {
      await environment({ ...everything(), INTEGRATIONS_EMULATOR_URL: url })
      expect(await codeOf(() => startMetaOAuth(BASE))).toBe('config_invalid')
    }
  })

  test('what one key sealed stays readable after the key changed, while it is a previous one', async () => {
    const tenantId = newTenant()
    await environment(everything())
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    await environment({ ...everything(), INTEGRATION_ENCRYPTION_KEY: NEW_KEY })
    expect(await codeOf(() => getKlaviyoApiKey(tenantId))).toBe('cipher_key_unknown')
    await environment({
      ...everything(),
      INTEGRATION_ENCRYPTION_KEY: NEW_KEY,
      INTEGRATION_ENCRYPTION_KEY_PREVIOUS: JSON.stringify([KEY]),
    })
    expect(await getKlaviyoApiKey(tenantId)).toBe(emulatorKlaviyoKeys.full)
  })
})

describe('A container made from the environment', () => {
  test('has what the variables say and, beside it, what has no variable', async () => {
    await environment(everything())
    const events: ConnectionEvent[] = []
    const container = createIntegrationsContainerFromEnvironment({
      onEvent: (event) => events.push(event),
      allowedReturnOrigins: ['https://elsewhere.example'],
      oauth2: [{ definition: hubspot, clientId: 'client', clientSecret: 'secret' }],
    })
    configureIntegrations(container)
    const tenantId = newTenant()
    await startMetaOAuth({ tenantId, returnUrl: 'https://elsewhere.example/settings' })
    expect(events).toMatchObject([{ type: 'connection.started', tenantId, provider: 'meta' }])
    const names = container.getAll(IDS.ProviderClient).map(({ traits }) => traits.provider)
    expect(names.sort()).toEqual(['google_ads', 'hubspot', 'klaviyo', 'meta', 'tiktok'])
  })

  test('that lacks a platform’s variables names them when the platform is used', async () => {
    const { TIKTOK_APP_ID: _id, ...rest } = everything()
    await environment(rest)
    configureIntegrations(createIntegrationsContainerFromEnvironment())
    expect(await refusalOf(() => startTikTokOAuth(BASE))).toMatchObject({
      code: 'config_invalid',
      message: saying('TIKTOK_APP_ID'),
    })
  })

  test('is refused by the name of the variable that is wrong', async () => {
    await environment({ ...everything(), META_REQUESTS_PER_SECOND: '1000' })
    expect(await refusalOf(() => createIntegrationsContainerFromEnvironment())).toMatchObject({
      code: 'config_invalid',
      message: saying('META_REQUESTS_PER_SECOND'),
    })
  })
})

describe('closeIntegrations', () => {
  test('lets go of everything, twice as well as once, and the next use opens anew', async () => {
    await environment(everything())
    const tenantId = newTenant()
    await connectKlaviyo({ tenantId, privateApiKey: emulatorKlaviyoKeys.full })
    await Promise.all([closeIntegrations(), closeIntegrations()])
    await closeIntegrations()
    expect(await getKlaviyoApiKey(tenantId)).toBe(emulatorKlaviyoKeys.full)
  })
})
