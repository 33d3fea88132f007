import { describe, expect, test } from 'vitest'
import { generateEncryptionKey } from '../../src/adapters/aes-gcm/index.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { MINUTE_MS } from '../../src/domain/model/time.ts'
import { consent } from '../../src/emulator/index.ts'
import { newGrant } from '../../src/testing/contracts/connection-fixtures.ts'
import { legacyValue } from '../support/legacy-value.ts'
import { encryptedWith, rotateUnderFire, seedTenants, storedUnder } from './keys-fixture.ts'
import type { AppContainer } from './keys-fixture.ts'
import { kmsOfEachTest } from './kms-fixture.ts'
import { codeOf, KEY, refreshFixture } from './refresh-fixture.ts'

const LOCAL = generateEncryptionKey()
const service = kmsOfEachTest()
const OTHER: ConnectionKey = { ...KEY, label: 'other' }

const ask = (container: AppContainer, key: ConnectionKey): Promise<string> =>
  codeOf(container.get(IDS.AccessTokens).get(key))

const decrypts = (): number => service.kms.calls.filter(({ operation }) => operation === 'Decrypt').length

describe('Under KMS', () => {
  test('opening ten thousand values of fifty tenants asks KMS once for each data key', async () => {
    const { keys, start } = await service.underKms(50)
    const container = start()
    const before = decrypts()
    for (let round = 0; round < 4; round += 1) {
      const asked = keys.flatMap((key) => Array.from({ length: 50 }, () => ask(container, key)))
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['ok']))
    }
    expect(await container.get(IDS.DataKeyStore).list(undefined, 10)).toHaveLength(1)
    expect(decrypts() - before).toBe(1)
  })

  test('values move there from local keys by one more setting, and the local key can go', async () => {
    const fixture = await refreshFixture('single_use')
    await fixture.pool.query('TRUNCATE integration_connections')
    const local = { key: LOCAL }
    const before = fixture.process({}, encryptedWith(fixture, local))
    const [key = KEY] = await seedTenants(fixture, before, 5)
    const prepared = fixture.process(
      {},
      encryptedWith(fixture, { ...local, kms: { ...service.settings(), opensOnly: true } }),
    )
    const moving = fixture.process({}, encryptedWith(fixture, { ...local, kms: service.settings() }))

    expect(await ask(moving, key)).toBe('ok')
    expect(await codeOf(moving.get(IDS.AccessTokens).refresh(key))).toBe('ok')
    expect(await ask(prepared, key)).toBe('ok')
    const result = await moving.get(IDS.RotateKeys).run()
    expect(result).toMatchObject({ resealed: 8, unreadable: 0 })
    expect(result.retiring).toMatchObject([{ variable: 'INTEGRATION_ENCRYPTION_KEY', isUnused: true }])
    expect(Object.keys(await storedUnder(fixture)).every((name) => name.startsWith('c1.k.'))).toBe(true)

    const moved = fixture.process({}, encryptedWith(fixture, { kms: service.settings() }))
    expect(await ask(moved, key)).toBe('ok')
  })

  test('a move there that is killed at twenty random points under live refreshes loses nothing', async () => {
    const fixture = await refreshFixture('single_use')
    await fixture.pool.query('TRUNCATE integration_connections')
    const keys = await seedTenants(fixture, fixture.process({}, encryptedWith(fixture, { key: LOCAL })), 30)
    const moving = fixture.process({}, encryptedWith(fixture, { key: LOCAL, kms: service.settings() }))
    expect(await rotateUnderFire(fixture, moving, keys)).toEqual(new Set(['ok']))
    await moving.get(IDS.RotateKeys).run()
    const moved = fixture.process({}, encryptedWith(fixture, { kms: service.settings() }))
    for (const key of keys) {
      const token = await moved.get(IDS.AccessTokens).get(key)
      expect(fixture.emulator.control.accepts('standard', token.reveal())).toBe(true)
      await moved.get(IDS.AccessTokens).refresh(key)
    }
  })

  test('a value of the earlier format moves under a data key when it is first read', async () => {
    const fixture = await refreshFixture('single_use')
    const encryption = { key: LOCAL, legacyUntil: '2999-01-01', kms: service.settings() }
    const moving = fixture.process({}, encryptedWith(fixture, encryption))
    const tokens = { accessToken: legacyValue('an old token', LOCAL) }
    await moving.get(IDS.TokenStore).save({ ...newGrant(OTHER), tokens })
    expect((await moving.get(IDS.AccessTokens).get(OTHER)).reveal()).toBe('an old token')
    await moving.get(IDS.BackgroundWork).drain(moving.get(IDS.Clock), MINUTE_MS)
    expect((await moving.get(IDS.TokenStore).read(OTHER))?.accessToken).toMatch(/^c1\.k\./)
    const moved = fixture.process({}, encryptedWith(fixture, { kms: service.settings() }))
    expect((await moved.get(IDS.AccessTokens).get(OTHER)).reveal()).toBe('an old token')
  })

  test('states that were signed and sealed before the move come back after it', async () => {
    const fixture = await refreshFixture('single_use')
    const before = fixture.process({}, encryptedWith(fixture, { key: LOCAL }))
    const moving = fixture.process({}, encryptedWith(fixture, { key: LOCAL, kms: service.settings() }))
    const { authUrl } = await before.get(IDS.Connections).start({ key: OTHER, returnUrl: '/settings' })
    const callback = (await consent(authUrl, { person: 'sol' })).searchParams
    expect(await codeOf(moving.get(IDS.Connections).complete('standard', { callback }))).toBe('ok')
    expect(await ask(moving, OTHER)).toBe('ok')
  })

  test('data keys move to another KMS key while everything is read', async () => {
    const { fixture, keys, start } = await service.underKms(3)
    const warm = start()
    const other = service.kms.createKey()
    expect(await warm.get(IDS.DataKeyRewrapping).run(other)).toEqual({ rewrapped: 1, kept: 0, damaged: [] })
    const under = await storedUnder(fixture)
    service.kms.removeKey(service.keyArn)
    for (const key of keys) expect(await ask(start(), key)).toBe('ok')
    expect(await storedUnder(fixture)).toEqual(under)
  })
})
