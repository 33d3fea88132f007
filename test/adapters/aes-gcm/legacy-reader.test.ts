import { describe, expect, test } from 'vitest'
import {
  AesGcmCipher,
  KeyRing,
  LegacyReader,
  decryptToken,
  encryptToken,
} from '../../../src/adapters/aes-gcm/index.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import type { SealContext } from '../../../src/ports/cipher.ts'
import { FixedClock } from '../../../src/testing/fixed-clock.ts'
import { legacyValue } from '../../support/legacy-value.ts'
import { RecordedLog } from './recorded-log.ts'

const KEY = 'abcdefghijklmnopqrstuvwxyz123456'
const CONTEXT = {
  purpose: 'connection',
  tenantId: parseTenantId('tenant-a'),
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  tokenVersion: 1,
  field: 'access_token',
} as const satisfies SealContext

function readerWith(logger = new RecordedLog(), clock = new FixedClock()): LegacyReader {
  return new LegacyReader({ until: clock.now() + 1_000, clock, logger, keys: { general: [KEY] } })
}

const rings = { general: new KeyRing({ name: 'K', primary: KEY }) }

describe('LegacyReader', () => {
  test('opens the earlier format through cipher and decryptToken, counting and logging each value', async () => {
    const logger = new RecordedLog()
    const legacy = readerWith(logger)
    const cipher = new AesGcmCipher({ rings, legacy })
    expect((await cipher.open(legacyValue('token-1', KEY), CONTEXT)).reveal()).toBe('token-1')
    expect(await decryptToken(legacyValue('token-2', KEY), KEY, { legacy })).toBe('token-2')
    expect(await decryptToken(legacyValue('', KEY), KEY, { legacy })).toBe('')
    expect(legacy.reads).toBe(3)
    expect(logger.lines).toHaveLength(3)
    expect(logger.lines.join()).not.toMatch(/token-|abcdef/)
  })

  test('is not there unless it is asked for', async () => {
    const value = legacyValue('token', KEY)
    const opening = new AesGcmCipher({ rings }).open(value, CONTEXT)
    await expect(opening).rejects.toMatchObject({ code: 'cipher_value_invalid' })
    await expect(decryptToken(value, KEY)).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })

  test('ends at its date', async () => {
    const clock = new FixedClock()
    const legacy = readerWith(new RecordedLog(), clock)
    const value = legacyValue('token', KEY)
    await clock.advance(999)
    expect(await decryptToken(value, KEY, { legacy })).toBe('token')
    await clock.advance(1)
    await expect(decryptToken(value, KEY, { legacy })).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })

  test('refuses an altered value, a shortened tag and another key', async () => {
    const legacy = readerWith()
    const value = legacyValue('token', KEY)
    const altered = value.slice(0, -1) + (value.endsWith('0') ? '1' : '0')
    for (const bad of [altered, legacyValue('token', 'a different key of enough characters')])
      await expect(decryptToken(bad, KEY, { legacy })).rejects.toMatchObject({
        code: 'cipher_authentication_failed',
      })
    const [salt = '', iv = '', tag = '', data = ''] = value.split(':')
    for (const bad of [`${salt}:${iv}:${tag.slice(0, 8)}:${data}`, `${salt}:${iv}:${data}`, `${value}g`])
      await expect(decryptToken(bad, KEY, { legacy })).rejects.toMatchObject({ code: 'cipher_value_invalid' })
    expect(legacy.reads).toBe(0)
  })

  test.each([
    { salt: 16, iv: 12 },
    { salt: 8, iv: 16 },
    { salt: 32, iv: 16 },
  ])('does not take a salt of $salt bytes and an iv of $iv, which the format never had', async (lengths) => {
    const legacy = readerWith()
    const value = legacyValue('token', KEY, lengths)
    await expect(decryptToken(value, KEY, { legacy })).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })

  test('does not stand in the way of the present format, in which everything is sealed', async () => {
    const legacy = readerWith()
    const cipher = new AesGcmCipher({ rings, legacy })
    const sealed = await cipher.seal(new Secret('token'), CONTEXT)
    expect(sealed.startsWith('c1.a.')).toBe(true)
    expect((await cipher.open(sealed, CONTEXT)).reveal()).toBe('token')
    const standalone = await encryptToken('token', KEY)
    expect(standalone.startsWith('c1.a.')).toBe(true)
    expect(await decryptToken(standalone, KEY, { legacy })).toBe('token')
    expect(legacy.reads).toBe(0)
  })

  test('leaves the event loop free while it stretches', async () => {
    const legacy = readerWith()
    const values = Array.from({ length: 6 }, () => legacyValue('token', KEY))
    let turns = 0
    const turning = setInterval(() => (turns += 1), 1)
    await Promise.all(values.map((value) => decryptToken(value, KEY, { legacy })))
    clearInterval(turning)
    expect(turns).toBeGreaterThan(5)
  })
})
