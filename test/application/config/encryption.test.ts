import { afterEach, describe, expect, test, vi } from 'vitest'
import { generateEncryptionKey } from '../../../src/adapters/aes-gcm/index.ts'
import { configFromEnvironment } from '../../../src/application/config/environment.ts'
import type { Environment } from '../../../src/application/config/environment.ts'
import { parseConfig } from '../../../src/application/config/integrations-config.ts'
import type { IntegrationsConfigInput } from '../../../src/application/config/integrations-config.ts'
import { createIntegrationsContainer } from '../../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../../src/application/container/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { startLoopbackKms } from '../../../src/testing/loopback-kms/start-loopback-kms.ts'
import { contextOf } from '../../adapters/kms/kms-workbench.ts'

const [KEY, BEFORE] = [generateEncryptionKey(), generateEncryptionKey()]
const DATABASE = { DATABASE_URL: 'postgres://localhost/app' }

type Encryption = IntegrationsConfigInput['encryption']

afterEach(() => {
  vi.unstubAllEnvs()
})

function encryptionOf(env: Environment): Encryption {
  return configFromEnvironment({ ...DATABASE, ...env }).config.encryption
}

function problemsOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const parsed = (encryption: Encryption) => parseConfig({ database: 'memory', encryption }).encryption

describe('Encryption from the environment', () => {
  test('is under local keys, with a key of its own for each platform that has one', () => {
    const env = {
      INTEGRATION_ENCRYPTION_KEY: KEY,
      INTEGRATION_ENCRYPTION_KEY_PREVIOUS: JSON.stringify([BEFORE]),
      META_ENCRYPTION_KEY: BEFORE,
    }
    expect(encryptionOf(env)).toEqual({
      ...{ key: KEY, previousKeys: [BEFORE] },
      byProvider: { meta: { key: BEFORE, previousKeys: [] } },
    })
  })

  test('is under a KMS by one more variable, beside which local keys only open', () => {
    const env = { INTEGRATION_ENCRYPTION_KEY: KEY, INTEGRATION_KMS_KEY_ID: 'alias/tokens' }
    expect(encryptionOf(env)).toEqual({
      ...{ key: KEY, previousKeys: [], byProvider: {} },
      kms: { keyId: 'alias/tokens', app: 'integrations', opensOnly: false },
    })
  })

  test('needs no local key for any platform when there is a KMS', () => {
    const { missing } = configFromEnvironment({ ...DATABASE, INTEGRATION_KMS_KEY_ID: 'alias/tokens' })
    expect([...missing.keys()]).not.toContain('klaviyo')
    expect([...missing.values()].flat().join()).not.toContain('ENCRYPTION_KEY')
  })

  test('takes what else is said of the KMS', () => {
    const env = {
      INTEGRATION_KMS_KEY_ID: 'alias/tokens',
      INTEGRATION_KMS_APP: 'shop',
      INTEGRATION_KMS_PARTITIONING: 'tenant',
      INTEGRATION_KMS_OPENS_ONLY: 'true',
      INTEGRATION_KMS_ENDPOINT: 'http://127.0.0.1:4599',
    }
    expect(encryptionOf(env).kms).toEqual({
      ...{ keyId: 'alias/tokens', app: 'shop', partitioning: 'tenant', opensOnly: true },
      endpoint: 'http://127.0.0.1:4599',
    })
  })

  test.each([
    ['INTEGRATION_KMS_PARTITIONING', 'some'],
    ['INTEGRATION_KMS_OPENS_ONLY', 'yes'],
    ['INTEGRATION_LEGACY_UNTIL', 'some day'],
    ['INTEGRATION_ENCRYPTION_KEY_PREVIOUS', KEY],
  ])('refuses a wrong %s by its name, without its value', (name, value) => {
    const problems = problemsOf(() => encryptionOf({ INTEGRATION_KMS_KEY_ID: 'alias/tokens', [name]: value }))
    expect(problems).toContain(`${name}`)
    expect(problems).not.toContain(value)
  })
})

describe('Previous keys in the environment', () => {
  const former = JSON.stringify([BEFORE])

  test('are refused without the key that they are previous to, with where a former key belongs', () => {
    const general = problemsOf(() => encryptionOf({ INTEGRATION_ENCRYPTION_KEY_PREVIOUS: former }))
    expect(general).toContain('INTEGRATION_ENCRYPTION_KEY_PREVIOUS: needs INTEGRATION_ENCRYPTION_KEY as well')
    const env = { INTEGRATION_ENCRYPTION_KEY: KEY, META_ENCRYPTION_KEY_PREVIOUS: former }
    for (const kms of [{}, { INTEGRATION_KMS_KEY_ID: 'alias/tokens' }]) {
      const problems = problemsOf(() => encryptionOf({ ...env, ...kms }))
      expect(problems).toContain('META_ENCRYPTION_KEY_PREVIOUS: needs META_ENCRYPTION_KEY as well')
      expect(problems).toContain('belongs in INTEGRATION_ENCRYPTION_KEY_PREVIOUS')
      expect(problems).not.toContain(BEFORE)
    }
  })

  test('may be none where there is no key either', () => {
    const env = { INTEGRATION_ENCRYPTION_KEY: KEY, META_ENCRYPTION_KEY_PREVIOUS: '[]' }
    expect(problemsOf(() => encryptionOf(env))).toBe('none')
  })

  test("of all platforms open what a platform's own key sealed before it was dropped", async () => {
    const containerOf = (env: Environment) =>
      createIntegrationsContainer({ database: 'memory', encryption: encryptionOf(env) })
    const own = containerOf({ INTEGRATION_ENCRYPTION_KEY: KEY, META_ENCRYPTION_KEY: BEFORE })
    const sealed = await own.get(IDS.Cipher).seal(new Secret('token'), contextOf())
    const after = containerOf({
      INTEGRATION_ENCRYPTION_KEY: KEY,
      INTEGRATION_ENCRYPTION_KEY_PREVIOUS: former,
    })
    expect((await after.get(IDS.Cipher).open(sealed, contextOf())).reveal()).toBe('token')
  })
})

describe('Encryption in the configuration', () => {
  test('reads the earlier format until a day, and never without an end', () => {
    expect(parsed({ key: KEY, legacyUntil: '2030-01-31' }).legacyUntil).toBe(Date.UTC(2030, 0, 31))
    expect(parsed({ key: KEY, legacyUntil: '2030-01-31T12:00:00+02:00' }).legacyUntil).toBe(
      Date.UTC(2030, 0, 31, 10),
    )
    expect(problemsOf(() => parsed({ key: KEY, legacyUntil: 'always' }))).toContain('legacyUntil')
  })

  test.each<[string, Encryption]>([
    ['previousKeys', { previousKeys: [KEY] }],
    ['legacyUntil', { kms: { keyId: 'k', app: 'a' }, legacyUntil: '2030-01-31' }],
    ['opensOnly', { kms: { keyId: 'k', app: 'a', opensOnly: true } }],
    ['endpoint', { kms: { keyId: 'k', app: 'a', endpoint: 'https://kms.example.com' } }],
    ['hardAgeMs', { kms: { keyId: 'k', app: 'a', limits: { hardAgeMs: 0 } } }],
  ])('refuses a %s that cannot be meant, and shows no key', (name, encryption) => {
    const problems = problemsOf(() => parsed(encryption))
    expect(problems).toContain(name)
    expect(problems).not.toContain(KEY)
  })

  test('that is missing altogether is said to be missing', () => {
    const build = () => createIntegrationsContainer({ database: 'memory', encryption: {} })
    expect(problemsOf(build)).toContain('INTEGRATION_ENCRYPTION_KEY')
  })

  test('asks KMS for nothing before it is needed, and lets go of it with the container', async () => {
    const kms = await startLoopbackKms()
    vi.stubEnv('AWS_ACCESS_KEY_ID', kms.credentials.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', kms.credentials.secretAccessKey)
    const settings = { keyId: kms.createKey(), region: kms.region, endpoint: kms.url, app: 'test-app' }
    const limits = { softAgeMs: 1_000, hardAgeMs: 2_000 }
    const container = createIntegrationsContainer({
      database: 'memory',
      encryption: { kms: { ...settings, limits } },
    })
    const cipher = container.get(IDS.Cipher)
    expect(kms.calls).toEqual([])
    const sealed = await cipher.seal(new Secret('token'), contextOf())
    expect(sealed).toMatch(/^c1\.k\./)
    expect((await cipher.open(sealed, contextOf())).reveal()).toBe('token')
    expect(await container.get(IDS.Readiness).isReady()).toBe(true)
    await container.get(IDS.Shutdown).close()
    await kms.close()
  })
})

test('a text that is too long to be sealed is not said to be a broken value', async () => {
  const container = createIntegrationsContainer({ database: 'memory', encryption: { key: KEY } })
  const sealing = container.get(IDS.Cipher).seal(new Secret('x'.repeat(16_385)), contextOf())
  await expect(sealing).rejects.toMatchObject({
    code: 'cipher_value_invalid',
    message: 'Not a value that can be sealed or opened: text of more than 16384 bytes cannot be sealed',
  })
})
