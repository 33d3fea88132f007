import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { configFromEnvironment } from '../../src/application/config/environment.ts'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { range } from '../../src/testing/contracts/connection-fixtures.ts'
import { startLoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import type { LoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import { saveTokens } from '../promises/keys-fixture.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { integrations, kmsVariables } from '../support/integrations-command.ts'

type Variables = Readonly<Record<string, string>>

let [database, kms, keyArn, admin] = [{} as TestDatabase, {} as LoopbackKms, '', {} as Client]
beforeAll(async () => {
  database = await freshDatabase()
  kms = await startLoopbackKms()
  keyArn = kms.createKey()
  admin = new Client({ connectionString: database.url })
  await admin.connect()
})
beforeEach(() => admin.query('TRUNCATE integration_connections, data_keys'))
afterAll(async () => {
  await admin.end()
  await kms.close()
  await database.drop()
})

const LOCAL_KEY = generateEncryptionKey()
const local = (key = LOCAL_KEY): Variables => ({
  DATABASE_URL: database.url,
  INTEGRATION_ENCRYPTION_KEY: key,
})

const underKms = (): Variables => ({ DATABASE_URL: database.url, ...kmsVariables(kms, keyArn) })

const SAVED_AT_ONCE = 10

/** Connections of two tokens each. Resolves the name of a key that they are under. */
async function seed(variables: Variables, count = 3, prefix = 'tenant'): Promise<string> {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  const container = createIntegrationsContainer(configFromEnvironment(variables).config)
  const save = (index: number): Promise<void> => {
    const key = { tenantId: parseTenantId(`${prefix}-${index}`), provider: 'meta', label: 'default' }
    return saveTokens(container, key, { access: 'an access token', refresh: 'a refresh token' })
  }
  for (let saved = 0; saved < count; saved += SAVED_AT_ONCE)
    await Promise.all(range(Math.min(SAVED_AT_ONCE, count - saved)).map((index) => save(saved + index)))
  await container.get(IDS.Shutdown).close()
  vi.unstubAllEnvs()
  const { rows } = await admin.query<{ key: string }>(
    'SELECT left(access_token, 27) AS key FROM integration_connections WHERE tenant_id LIKE $1 LIMIT 1',
    [`${prefix}-%`],
  )
  return rows[0]?.key ?? ''
}

/** One that only looks, and one that would write. */
const BOTH_RUNS: readonly (readonly [string, readonly string[]])[] = [
  ['a dry run', ['--dry-run']],
  ['a run', []],
]

const idOf = (key: string): string => key.slice('c1.k.'.length)

async function revoke(key: string): Promise<void> {
  await admin.query(`UPDATE data_keys SET state = 'revoked', wrapped = '' WHERE id = $1`, [idOf(key)])
}

describe('integrations rotate-keys', () => {
  test('--dry-run lists a token that was moved and one that was altered, and fails', async () => {
    await seed(local())
    await admin.query(
      `UPDATE integration_connections SET access_token = refresh_token WHERE tenant_id = 'tenant-0'`,
    )
    await admin.query(
      `UPDATE integration_connections SET refresh_token = left(refresh_token, -8) || 'AAAAAAAA' WHERE tenant_id = 'tenant-1'`,
    )
    const { code, printed } = await integrations(['rotate-keys', '--dry-run'], local())
    expect([code, printed.includes('2 unreadable')]).toEqual([1, true])
    expect(printed).toMatch(/unreadable: tenant-0 meta \S+ access_token: cipher_authentication_failed/)
    expect(printed).toMatch(/unreadable: tenant-1 meta \S+ refresh_token: cipher_authentication_failed/)
  })

  test.each(BOTH_RUNS)('%s lists what is under a revoked data key, and fails', async (_, options) => {
    await revoke(await seed(underKms()))
    const { code, printed } = await integrations(['rotate-keys', '--json', ...options], underKms())
    expect([code, JSON.parse(printed)]).toMatchObject([1, { scanned: 6, unreadable: 6 }])
  })

  test.each(BOTH_RUNS)(
    '%s lists what is under a data key whose row is gone, and fails',
    async (_, options) => {
      const key = await seed(underKms())
      await admin.query('DELETE FROM data_keys')
      const { code, printed } = await integrations(['rotate-keys', ...options], underKms())
      expect([code, printed.includes('6 unreadable')]).toEqual([1, true])
      expect(printed).toContain(`6 under ${key} do not open: `)
    },
  )

  test('--dry-run says that the KMS key is disabled, and lists nothing as unreadable', async () => {
    await seed(underKms())
    kms.disableKey(keyArn)
    const running = integrations(['rotate-keys', '--dry-run'], underKms())
    await expect(running).rejects.toMatchObject({
      code: 'cipher_unavailable',
      message: expect.stringContaining('the KMS key is disabled') as string,
    })
    kms.enableKey(keyArn)
  })
})

describe('integrations data-keys --revoke', () => {
  const stateOf = async (key: string): Promise<unknown> => {
    const { rows } = await admin.query<{ state: string }>('SELECT state FROM data_keys WHERE id = $1', [
      idOf(key),
    ])
    return rows[0]?.state
  }

  async function seedAndRetire(): Promise<string> {
    const key = await seed(underKms())
    expect((await integrations(['data-keys', '--retire', key], underKms())).code).toBe(0)
    return key
  }

  test('refuses while values are under the key, and says how many and what to do', async () => {
    const key = await seedAndRetire()
    const { code, printed } = await integrations(['data-keys', '--revoke', key], underKms())
    expect([code, await stateOf(key)]).toEqual([1, 'decrypt'])
    expect(printed).toContain('6 values are under it')
    expect(printed).toContain(`rotate-keys --from ${key}`)
    const json = await integrations(['data-keys', '--revoke', key, '--json'], underKms())
    expect([json.code, JSON.parse(json.printed)]).toEqual([1, { isRevoked: false, values: 6 }])
  })

  test('revokes once they are sealed again', async () => {
    const key = await seedAndRetire()
    expect((await integrations(['rotate-keys', '--from', key], underKms())).code).toBe(0)
    const { code } = await integrations(['data-keys', '--revoke', key], underKms())
    expect([code, await stateOf(key)]).toEqual([0, 'revoked'])
    expect((await integrations(['rotate-keys', '--dry-run'], underKms())).code).toBe(0)
  })

  test('counts while KMS is away too', async () => {
    const key = await seedAndRetire()
    kms.disableKey(keyArn)
    const { code, printed } = await integrations(['data-keys', '--revoke', key], underKms())
    kms.enableKey(keyArn)
    expect([code, printed.includes('6 values are under it')]).toEqual([1, true])
  })

  test('destroys them when it is told to, and only with the key', async () => {
    const key = await seedAndRetire()
    const { code } = await integrations(['data-keys', '--revoke', key, '--destroy-values'], underKms())
    expect([code, await stateOf(key)]).toEqual([0, 'revoked'])
    const alone = integrations(['data-keys', '--retire', key, '--destroy-values'], underKms())
    await expect(alone).rejects.toMatchObject({ code: 'config_invalid' })
  })

  test('refuses a key that seals, whatever it is told', async () => {
    const key = await seed(underKms())
    const revoking = integrations(['data-keys', '--revoke', key, '--destroy-values'], underKms())
    await expect(revoking).rejects.toMatchObject({ code: 'config_invalid' })
    expect(await stateOf(key)).toBe('active')
  })
})

test('integrations data-keys --revoke-tenant asks no more questions: it is there to shred', async () => {
  const own = { ...underKms(), INTEGRATION_KMS_PARTITIONING: 'tenant' }
  await seed(own)
  const { code } = await integrations(['data-keys', '--revoke-tenant', 'tenant-1'], own)
  expect(code).toBe(0)
  const { printed } = await integrations(['rotate-keys', '--dry-run', '--json'], own)
  const { problems, unreadable } = JSON.parse(printed) as { unreadable: number; problems: unknown[] }
  expect([unreadable, problems[0]]).toMatchObject([2, { tenantId: 'tenant-1', code: 'cipher_key_unknown' }])
})

describe('integrations doctor', () => {
  test('opens what is stored, under local keys and under KMS', async () => {
    expect((await integrations(['doctor'], local())).printed).toContain('No value is stored yet.')
    for (const variables of [local(), underKms()]) {
      await admin.query('TRUNCATE integration_connections')
      await seed(variables)
      const { code, printed } = await integrations(['doctor'], variables)
      expect([code, printed.includes('ok       All 6 stored values open.')]).toEqual([0, true])
    }
  })

  test('finds that another key is configured than the one that sealed', async () => {
    const key = await seed(local())
    const { code, printed } = await integrations(['doctor'], local(generateEncryptionKey()))
    expect(code).toBe(1)
    expect(printed).toContain(`problem  6 of the 6 values looked at do not open, under ${key}: `)
  })

  test('finds a previous key that was taken away too early, beside values that open', async () => {
    const old = await seed(local(generateEncryptionKey()))
    await seed(local(), 2, 'new')
    const { code, printed } = await integrations(['doctor'], local())
    expect(code).toBe(1)
    expect(printed).toContain(`problem  6 of the 10 values looked at do not open, under ${old}: `)
  })

  test('tells a revoked data key that values still need, and one whose row is gone', async () => {
    const key = await seed(underKms())
    await revoke(key)
    const revoked = await integrations(['doctor'], underKms())
    expect([revoked.code, revoked.printed.includes(`under ${key}: `)]).toEqual([1, true])
    expect(revoked.printed).toContain('was revoked')
    await admin.query('DELETE FROM data_keys')
    const gone = await integrations(['doctor'], underKms())
    expect([gone.code, gone.printed.includes(`under ${key}: `)]).toEqual([1, true])
    expect(gone.printed).toContain('has no row in data_keys')
  })

  test('names ten keys whose values do not open, and counts the others', async () => {
    for (const index of range(12)) await seed(local(generateEncryptionKey()), 1, `tenant-${index}`)
    const { code, printed } = await integrations(['doctor'], local())
    expect([code, printed.match(/do not open/g)?.length]).toEqual([1, 10])
    expect(printed).toContain('problem  … and under 2 more keys')
  })

  test('looks at the first two thousand values, and says so', async () => {
    await seed(local(), 1_000)
    await seed(local(generateEncryptionKey()), 1, 'unmet')
    const { code, printed } = await integrations(['doctor'], local())
    expect([code, printed.includes('The first 2000 stored values open;')]).toEqual([0, true])
    expect((await integrations(['rotate-keys', '--dry-run'], local())).code).toBe(1)
  }, 60_000)
})
