import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { freePort } from '../../dev/services/ports.ts'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { startLoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import type { LoopbackKms } from '../../src/testing/loopback-kms/start-loopback-kms.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { integrations, kmsVariables } from '../support/integrations-command.ts'

let [database, kms, keyArn] = [{} as TestDatabase, {} as LoopbackKms, '']
beforeAll(async () => {
  database = await freshDatabase()
  kms = await startLoopbackKms()
  keyArn = kms.createKey()
})
afterAll(async () => {
  await kms.close()
  await database.drop()
})

const local = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  INTEGRATION_ENCRYPTION_KEY: generateEncryptionKey(),
})

const underKms = (): Record<string, string> => ({ DATABASE_URL: database.url, ...kmsVariables(kms, keyArn) })

async function listed(): Promise<readonly { readonly id: string; readonly state: string }[]> {
  const { printed } = await integrations(['data-keys', '--json'], underKms())
  return (JSON.parse(printed) as { keys: { id: string; state: string }[] }).keys
}

describe('integrations doctor', () => {
  test('says what the KMS refuses, instead of guessing', async () => {
    kms.disableKey(keyArn)
    const { code, printed } = await integrations(['doctor'], underKms())
    kms.enableKey(keyArn)
    expect(code).toBe(1)
    expect(printed).toContain('No sealing key is available.')
    expect(printed).toContain('the KMS key is disabled')
  })

  test('finds a Redis that answers, and one that does not', async () => {
    const well = await integrations(['doctor'], { ...local(), REDIS_URL: inject('redisUrl') })
    expect([well.code, well.printed.includes('Redis answers.')]).toEqual([0, true])
    const url = `redis://127.0.0.1:${String(await freePort())}`
    const dead = await integrations(['doctor'], { ...local(), REDIS_URL: url })
    expect([dead.code, /problem +Redis is not available/.test(dead.printed)]).toEqual([1, true])
  })

  test('says nothing of a Redis where there is none', async () => {
    const { code, printed } = await integrations(['doctor'], local())
    expect([code, printed.includes('Redis')]).toEqual([0, false])
  })
})

describe('integrations data-keys', () => {
  test('lists, retires and revokes a data key, in this order only', async () => {
    // The doctor asks for a sealing key, which makes the first.
    expect((await integrations(['doctor'], underKms())).code).toBe(0)
    const [{ id } = { id: '' }] = await listed()
    expect(await listed()).toMatchObject([{ id, state: 'active' }])
    // As the options take it: an id alone may begin with a dash.
    expect((await integrations(['data-keys'], underKms())).printed).toContain(`c1.k.${id} active`)
    const revoking = integrations(['data-keys', '--revoke', `c1.k.${id}`], underKms())
    await expect(revoking).rejects.toMatchObject({ code: 'config_invalid' })
    expect((await integrations(['data-keys', '--retire', `c1.k.${id}`], underKms())).code).toBe(0)
    expect(await listed()).toMatchObject([{ id, state: 'decrypt' }])
    expect((await integrations(['data-keys', '--retire', `c1.k.${id}`], underKms())).code).toBe(1)
    expect((await integrations(['data-keys', '--revoke', `c1.k.${id}`], underKms())).code).toBe(0)
    expect(await listed()).toEqual([])
    expect((await integrations(['data-keys', '--revoke', `c1.k.${id}`], underKms())).code).toBe(1)
  })

  test('revokes those of a tenant where each has its own', async () => {
    const own = { ...underKms(), INTEGRATION_KMS_PARTITIONING: 'tenant' }
    const { code, printed } = await integrations(['data-keys', '--revoke-tenant', 'rawdog'], own)
    expect([code, printed]).toEqual([0, '0 data keys of the tenant revoked\n'])
  })

  test('is of no use without a KMS, and does one thing at a time', async () => {
    await expect(integrations(['data-keys'], local())).rejects.toMatchObject({ code: 'config_invalid' })
    const both = integrations(['data-keys', '--retire', 'a', '--revoke', 'b'], underKms())
    await expect(both).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

test('integrations rewrap-data-keys goes on past a damaged key, names it and fails', async () => {
  await integrations(['doctor'], underKms())
  const [{ id } = { id: '' }] = await listed()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(`UPDATE data_keys SET wrapped = 'AAAA' WHERE id = $1`, [id])
  const { code, printed } = await integrations(['rewrap-data-keys', '--to', kms.createKey()], underKms())
  await client.query(`UPDATE data_keys SET state = 'revoked'`)
  await client.end()
  expect([code, printed.includes(`damaged: ${id}`)]).toEqual([1, true])
})

describe('integrations rotate-keys --from', () => {
  test.each(['AAAAAAAAAAAAAAAAAAAAAA', 'c1.k.short', 'c1.a.AAAAAAAAAAAAAAAAAAAAAA'])(
    'refuses %s',
    async (from) => {
      await expect(integrations(['rotate-keys', '--from', from], local())).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('--from') as string,
      })
    },
  )

  test('counts what is under the key that is named, also where nothing is', async () => {
    const from = 'c1.k.AAAAAAAAAAAAAAAAAAAAAA'
    const { code, printed } = await integrations(['rotate-keys', '--from', from], local())
    expect([code, printed.includes(`${from} 0`)]).toEqual([0, true])
  })
})
