import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { HOUR_MS } from '../../src/domain/model/time.ts'
import { encryptedWith, rotateUnderFire, saveTokens, seedTenants, storedUnder } from './keys-fixture.ts'
import type { AppContainer } from './keys-fixture.ts'
import { codeOf, KEY, refreshFixture } from './refresh-fixture.ts'
import type { RefreshFixture } from './refresh-fixture.ts'

const [ONE, TWO] = [generateEncryptionKey(), generateEncryptionKey()]
const BOTH = { key: TWO, previousKeys: [ONE] }

const tokenOf = async (container: AppContainer, key: ConnectionKey): Promise<string> =>
  (await container.get(IDS.AccessTokens).get(key)).reveal()

/** A fixture whose only connections are under key one. */
async function underOne(count: number): Promise<{
  readonly fixture: RefreshFixture
  readonly one: AppContainer
  readonly keys: readonly ConnectionKey[]
}> {
  const fixture = await refreshFixture('single_use')
  await fixture.pool.query('TRUNCATE integration_connections')
  const one = fixture.process({}, encryptedWith(fixture, { key: ONE }))
  return { fixture, one, keys: await seedTenants(fixture, one, count) }
}

describe('Keys rotate', () => {
  test('in two deployments during which every process opens what every other one seals', async () => {
    const { fixture, keys, one } = await underOne(2)
    const [first, second] = keys
    if (first === undefined || second === undefined) throw new Error('Two were seeded')
    const prepared = fixture.process({}, encryptedWith(fixture, { key: ONE, previousKeys: [TWO] }))
    const moved = fixture.process({}, encryptedWith(fixture, BOTH))
    expect(await tokenOf(moved, first)).toBe(await tokenOf(one, first))
    const renewed = (await moved.get(IDS.AccessTokens).refresh(first)).reveal()
    expect(await tokenOf(prepared, first)).toBe(renewed)
    expect(await codeOf(tokenOf(one, first))).toBe('cipher_key_unknown')
    expect(await tokenOf(prepared, second)).toBe(await tokenOf(one, second))
  })

  test('killed at twenty random points under live refreshes, nothing fails and key one can go', async () => {
    const { fixture, keys } = await underOne(30)
    const both = fixture.process({}, encryptedWith(fixture, BOTH))
    expect(await rotateUnderFire(fixture, both, keys)).toEqual(new Set(['ok']))

    const result = await both.get(IDS.RotateKeys).run()
    const under = await storedUnder(fixture)
    expect(under).toEqual(result.byKey)
    expect(Object.keys(under)).toHaveLength(1)
    expect(result.retiring).toMatchObject([
      { variable: 'INTEGRATION_ENCRYPTION_KEY_PREVIOUS[0]', isUnused: true },
    ])

    const two = fixture.process({}, encryptedWith(fixture, { key: TWO }))
    for (const key of keys) {
      expect(fixture.emulator.control.accepts('standard', await tokenOf(two, key))).toBe(true)
      await two.get(IDS.AccessTokens).refresh(key)
    }
  })

  test('while refreshes that began before it end after it', async () => {
    const { fixture, keys, one } = await underOne(3)
    const [key = KEY] = keys
    fixture.emulator.control.fail('standard', 'refresh', { delayAfterMs: 400 })
    const refreshing = one.get(IDS.AccessTokens).refresh(key)
    const both = fixture.process({}, encryptedWith(fixture, BOTH))
    await expect.poll(() => fixture.emulator.control.lineages('standard', 'person-0')[0]?.tokenCalls).toBe(1)
    expect(await both.get(IDS.RotateKeys).run()).toMatchObject({ resealed: 6 })
    const token = (await refreshing).reveal()
    expect(await tokenOf(both, key)).toBe(token)
    // The process that did not know key two yet wrote under key one: the next run finds that.
    expect(await both.get(IDS.RotateKeys).run()).toMatchObject({ resealed: 3, isComplete: true })
    expect(await tokenOf(fixture.process({}, encryptedWith(fixture, { key: TWO })), key)).toBe(token)
  })
})

describe('A sealed value that is moved in the database', () => {
  const A: ConnectionKey = { tenantId: parseTenantId('seeded-0'), provider: 'standard', label: 'default' }
  type Field = 'access_token' | 'refresh_token'
  const otherThan = (field: Field): Field => (field === 'access_token' ? 'refresh_token' : 'access_token')
  const rows = 'FROM integration_connections WHERE'
  const swaps: Readonly<Record<string, (field: Field) => string>> = {
    'from another tenant': (field) => `SELECT ${field} ${rows} tenant_id = 'seeded-1'`,
    'from another provider': (field) =>
      `SELECT ${field} ${rows} tenant_id = 'seeded-0' AND provider = 'klaviyo'`,
    'from another connection of the tenant': (field) =>
      `SELECT ${field} ${rows} tenant_id = 'seeded-0' AND label = 'second'`,
    'from another field': (field) =>
      `SELECT ${otherThan(field)} ${rows} tenant_id = 'seeded-0' AND (provider, label) = ('standard', 'default')`,
    'from an older version': (field) => `SELECT ${field} FROM before_refresh`,
  }

  async function swappable(): Promise<{ readonly fixture: RefreshFixture; readonly app: AppContainer }> {
    const { fixture } = await underOne(2)
    const config = encryptedWith(fixture, { key: ONE })
    const app = fixture.process({}, { ...config, providers: { ...config.providers, klaviyo: {} } })
    await saveTokens(app, { ...A, provider: 'klaviyo' }, { access: 'pk_of_klaviyo', refresh: 'of klaviyo' })
    await saveTokens(app, { ...A, label: 'second' }, { access: 'second', refresh: 'second' })
    await fixture.pool.query(
      `CREATE TABLE before_refresh AS SELECT access_token, refresh_token FROM integration_connections
        WHERE tenant_id = 'seeded-0' AND provider = 'standard' AND label = 'default'`,
    )
    await app.get(IDS.AccessTokens).refresh(A)
    return { fixture, app }
  }

  const put = ({ pool }: RefreshFixture, column: string, source: string) =>
    pool.query(
      `UPDATE integration_connections SET ${column} = (${source})
        WHERE tenant_id = 'seeded-0' AND provider = 'standard' AND label = 'default'`,
    )

  async function statusOf(app: AppContainer): Promise<string | undefined> {
    const listed = await app.get(IDS.TokenStore).list(A.tenantId, { provider: 'standard', label: 'default' })
    return listed[0]?.status
  }

  test.each(Object.entries(swaps))('%s does not open, and the connection stays active', async (_, source) => {
    const { app, fixture } = await swappable()
    await put(fixture, 'access_token', source('access_token'))
    expect(await codeOf(tokenOf(app, A))).toBe('cipher_authentication_failed')
    expect(await statusOf(app)).toBe('active')
  })

  test.each(Object.entries(swaps))('%s is never presented as a refresh token', async (_, source) => {
    const { app, fixture } = await swappable()
    await put(fixture, 'refresh_token', source('refresh_token'))
    await fixture.elapse(HOUR_MS)
    fixture.emulator.control.clearRequests()
    expect(await codeOf(tokenOf(app, A))).toBe('cipher_authentication_failed')
    expect(fixture.emulator.control.requests('standard')).toEqual([])
    expect(await statusOf(app)).toBe('active')
  })

  test('does not open under another grant', async () => {
    const { app, fixture } = await swappable()
    await put(fixture, 'grant_id', `SELECT 'another-grant'`)
    expect(await codeOf(tokenOf(app, A))).toBe('cipher_authentication_failed')
    expect(await statusOf(app)).toBe('active')
  })

  test('is left as it is by a rotation, and counted', async () => {
    const { fixture } = await swappable()
    await put(fixture, 'access_token', `SELECT access_token FROM before_refresh`)
    const both = fixture.process({}, encryptedWith(fixture, BOTH))
    const result = await both.get(IDS.RotateKeys).run()
    expect(result).toMatchObject({ unreadable: 1, isComplete: true })
    expect(result.problems).toMatchObject([
      { tenantId: 'seeded-0', field: 'access_token', code: 'cipher_authentication_failed' },
    ])
  })
})

describe('Keys of two containers in one process', () => {
  test('never open what the other one sealed', async () => {
    const { fixture, keys, one } = await underOne(1)
    const [key = KEY] = keys
    const two = fixture.process({}, encryptedWith(fixture, { key: TWO }))
    const other = { ...key, label: 'of-two' }
    await saveTokens(two, other, { access: 'of two', refresh: 'of two' })
    expect(await tokenOf(two, other)).toBe('of two')
    expect(await codeOf(tokenOf(one, other))).toBe('cipher_key_unknown')
    expect(await codeOf(tokenOf(two, key))).toBe('cipher_key_unknown')
    expect(await codeOf(tokenOf(one, key))).toBe('ok')
  })

  test('are shown by no container, cipher, ring, inventory or error', async () => {
    const { fixture, keys } = await underOne(1)
    const both = fixture.process({}, encryptedWith(fixture, BOTH))
    const cold = fixture.process({}, encryptedWith(fixture, BOTH))
    const two = fixture.process({}, encryptedWith(fixture, { key: TWO }))
    const error: unknown = await two
      .get(IDS.AccessTokens)
      .get(keys[0] ?? KEY)
      .catch((reason: unknown) => reason)
    const shown = [both, cold, two].flatMap((container) => [
      container,
      container.get(IDS.Cipher),
      container.get(IDS.StateKeys),
      container.get(IDS.KeyInventory),
      container.get(IDS.RotateKeys),
    ])
    const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, maxArrayLength: null }
    const texts = [...shown, error].map((one) => inspect(one, options) + JSON.stringify(inspect(one)))
    for (const key of [ONE, TWO])
      for (const spelling of [key, Buffer.from(key, 'base64').toString('hex'), key.slice(0, 16)])
        expect(texts.filter((text) => text.includes(spelling))).toEqual([])
  })
})
