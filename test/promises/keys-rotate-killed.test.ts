import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { encryptedWith, seedTenants, storedUnder } from './keys-fixture.ts'
import { refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

const [ONE, TWO] = [generateEncryptionKey(), generateEncryptionKey()]

interface RunningCommand {
  readonly child: ChildProcess
  /** What it printed, once it has ended by itself. */
  readonly ended: Promise<{ readonly code: number | null; readonly printed: string }>
}

function integrations(databaseUrl: string, ...parameters: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...parameters], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      INTEGRATION_ENCRYPTION_KEY: TWO,
      INTEGRATION_ENCRYPTION_KEY_PREVIOUS: JSON.stringify([ONE]),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let printed = ''
  child.stdout.on('data', (chunk: unknown) => {
    printed += String(chunk)
  })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, printed }))
  return { child, ended }
}

function databaseUrlOf({ config }: RefreshFixture): string {
  const { database } = config
  if (typeof database === 'object' && 'connectionString' in database) return database.connectionString
  throw new Error('The fixture is over Postgres')
}

test('the command may be killed at any moment, and finishes when it is run again', async () => {
  const fixture = await refreshFixture('single_use')
  await fixture.pool.query('TRUNCATE integration_connections')
  const keys = await seedTenants(fixture, fixture.process({}, encryptedWith(fixture, { key: ONE })), 120)
  const both = fixture.process({}, encryptedWith(fixture, { key: TWO, previousKeys: [ONE] }))
  const databaseUrl = databaseUrlOf(fixture)
  const [first] = Object.keys(await storedUnder(fixture))
  const underOne = async (): Promise<number> => (await storedUnder(fixture))[first ?? ''] ?? 0
  for (let kills = 0; kills < 3; kills += 1) {
    const before = await underOne()
    const { child, ended } = integrations(databaseUrl, 'rotate-keys', '--rate', '20')
    await expect.poll(underOne, { timeout: 20_000, interval: 20 }).toBeLessThan(before)
    child.kill('SIGKILL')
    await ended
    expect(await underOne()).toBeGreaterThan(0)
    for (const key of keys) await both.get(IDS.AccessTokens).get(key)
  }
  const { code, printed } = await integrations(databaseUrl, 'rotate-keys', '--json').ended
  expect(code).toBe(0)
  expect(JSON.parse(printed)).toMatchObject({
    scanned: 240,
    unreadable: 0,
    isComplete: true,
    retiring: [{ variable: 'INTEGRATION_ENCRYPTION_KEY_PREVIOUS[0]', key: first, isUnused: true }],
  })
  expect(await underOne()).toBe(0)
  const two = fixture.process({}, encryptedWith(fixture, { key: TWO }))
  for (const key of keys) await two.get(IDS.AccessTokens).get(key)
}, 90_000)

test('an interrupted command says where to go on', async () => {
  const fixture = await refreshFixture('single_use')
  await seedTenants(fixture, fixture.process({}, encryptedWith(fixture, { key: ONE })), 40)
  await fixture.pool.query(`DELETE FROM integration_connections WHERE tenant_id = 'tenant-a'`)
  const databaseUrl = databaseUrlOf(fixture)
  const before = await storedUnder(fixture)
  const { child, ended } = integrations(databaseUrl, 'rotate-keys', '--rate', '10')
  await expect.poll(() => storedUnder(fixture), { timeout: 20_000, interval: 20 }).not.toEqual(before)
  child.kill('SIGINT')
  const { code, printed } = await ended
  expect(code).toBe(1)
  const cursor = /--after (\S+)/.exec(printed)?.[1] ?? ''
  const rest = await integrations(databaseUrl, 'rotate-keys', '--after', cursor).ended
  expect(rest.code).toBe(0)
  expect(Object.keys(await storedUnder(fixture))).toHaveLength(1)
}, 60_000)
