import { Container, ContainerModule } from 'inversify'
import { afterEach, expect, test } from 'vitest'
import { AesGcmCipher, EnvelopeCipher, KeyRing } from '../../../src/adapters/aes-gcm/index.ts'
import { MemoryTokenStore } from '../../../src/adapters/memory/token-store.ts'
import { createPool, PostgresTokenStore } from '../../../src/adapters/postgres/index.ts'
import {
  aesGcmModule,
  coreModule,
  createIntegrationsContainer,
  DEFAULT_LABEL,
  IDS,
  kmsModule,
  memoryModule,
  nodeModule,
  parseTenantId,
  postgresModule,
  providerModule,
} from '../../../src/application/container/index.ts'
import type { Logger, ProviderClient, StateStore } from '../../../src/application/container/index.ts'
import { generateEncryptionKey, isIntegrationError } from '../../../src/index.ts'
import { FixedClock } from '../../../src/testing/index.ts'

const opened: Container[] = []
afterEach(async () => {
  for (const container of opened.splice(0)) await container.get(IDS.Shutdown).close()
})

const silent: Logger = { log: () => undefined }
const META = { appId: '1234', appSecret: 'a secret of the app' }

/** What is there in every container: not what only a database, AWS KMS or several platforms bring. */
const always = Object.entries(IDS).filter(([name]) => !/^(ProviderClient|TenantScope|DataKey.*)$/.test(name))

function inMemory(modules: ContainerModule[] = []): Container {
  const container = createIntegrationsContainer(
    {
      database: 'memory',
      encryption: { key: generateEncryptionKey() },
      baseUrl: 'https://app.example.com',
      providers: { meta: META, klaviyo: {} },
    },
    { logger: silent, modules },
  )
  opened.push(container)
  return container
}

test('every identifier can be resolved but those that a database, AWS KMS or a platform brings', () => {
  const container = inMemory()
  for (const [name, id] of always) expect(container.get<unknown>(id), name).toBeDefined()
  expect(container.getAll(IDS.ProviderClient).map(({ traits }) => traits.provider)).toEqual([
    'meta',
    'klaviyo',
  ])
})

test('what is resolved twice is the same one', () => {
  const container = inMemory()
  for (const [name, id] of always) expect(container.get<unknown>(id), name).toBe(container.get<unknown>(id))
})

test("a host's own binding of a port takes the place of ours, and everything over it follows", async () => {
  const remembered: string[] = []
  const states: StateStore = {
    remember: async (key) => {
      remembered.push(key)
    },
    consume: async () => undefined,
  }
  const own = new ContainerModule(({ rebind }) => {
    rebind(IDS.StateStore).toConstantValue(states)
  })
  const container = inMemory([own])
  const key = { tenantId: parseTenantId('rawdog'), provider: 'meta', label: DEFAULT_LABEL }
  await container.get(IDS.Connections).start({ key, returnUrl: '/settings' })
  expect(remembered).toHaveLength(1)
})

test('each module of ours takes the place of what the configuration bound', async () => {
  const clock = new FixedClock()
  const pool = createPool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  const rings = { general: new KeyRing({ name: 'KEY', primary: generateEncryptionKey() }) }
  const unasked = async (): Promise<never> => Promise.reject(new Error('nobody asks'))
  const kms = { generateDataKey: unasked, decrypt: unasked, reEncrypt: unasked }
  const modules = [
    { module: memoryModule({ clock }), id: IDS.TokenStore, type: MemoryTokenStore },
    { module: postgresModule({ pool }), id: IDS.TokenStore, type: PostgresTokenStore },
    { module: aesGcmModule({ rings }), id: IDS.Cipher, type: AesGcmCipher },
    { module: kmsModule({ kms, keyId: 'key-1', app: 'app' }), id: IDS.Cipher, type: EnvelopeCipher },
  ]
  for (const { module, id, type } of modules) {
    const usual = inMemory().get<unknown>(id)
    const replaced = inMemory([module]).get<unknown>(id)
    expect(replaced).not.toBe(usual)
    expect(replaced).toBeInstanceOf(type)
  }
  await pool.end()
})

test('a provider of the host is known beside ours', () => {
  const [klaviyo] = inMemory()
    .getAll(IDS.ProviderClient)
    .filter(({ traits }) => traits.provider === 'klaviyo')
  if (klaviyo === undefined) throw new Error('no klaviyo')
  const own: ProviderClient = {
    traits: { ...klaviyo.traits, provider: 'acme' },
    examine: (accessToken) => klaviyo.examine(accessToken),
    verify: (accessToken) => klaviyo.verify(accessToken),
    revoke: (credential) => klaviyo.revoke(credential),
  }
  const container = inMemory([providerModule(own)])
  expect(() => container.get(IDS.ProviderRegistry).mustKnow('acme')).not.toThrow()
})

test('the modules also work in a container that the host made itself', () => {
  const clock = new FixedClock()
  const container = new Container()
  container.load(
    nodeModule({ clock }),
    memoryModule({ clock }),
    coreModule({
      owner: 'test',
      allowedReturnOrigins: [],
      requireInitiator: false,
      missingProviders: new Map(),
      logger: silent,
    }),
  )
  expect(container.get(IDS.ConnectionStatuses)).toBeDefined()
})

test('a configuration that is wrong in several ways is refused once, naming all of them and no value', () => {
  const secret = 'hunter2-hunter2'
  let refusal: unknown
  try {
    createIntegrationsContainer({
      database: { connectionString: '' },
      encryption: { key: '' },
      baseUrl: 'not a URL',
      providers: { meta: { appId: '', appSecret: secret } },
    })
  } catch (error) {
    refusal = error
  }
  if (!isIntegrationError(refusal)) throw new Error('nothing was refused')
  expect(refusal.code).toBe('config_invalid')
  for (const part of ['database', 'encryption', 'baseUrl', 'providers.meta.appId']) {
    expect(refusal.message).toContain(part)
  }
  expect(refusal.message).not.toContain(secret)
})
