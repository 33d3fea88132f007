import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  AesGcmCipher,
  KeyRing,
  decryptToken,
  encryptToken,
  generateEncryptionKey,
  isValidEncryptionKey,
} from '../../../src/adapters/aes-gcm/index.ts'
import { Secret } from '../../../src/domain/model/secret.ts'

const KEY = 'abcdefghijklmnopqrstuvwxyz123456'
// What a caller without types hands over.
const wrong = (value: unknown): string => value as string

describe('encryptToken and decryptToken', () => {
  test('give the token back under the same key', async () => {
    for (const token of ['', 'EAAB-token', '漢字 🙂', 'x'.repeat(16_384)])
      expect(await decryptToken(await encryptToken(token, KEY), KEY)).toBe(token)
  })

  test('open what earlier releases sealed', async () => {
    const stored = 'c1.a.GxriaL_0cW2vjy4VPEus4w.oK0syT_rBcqR5TfnWz0ml-010WXCN6v4CXWsLYTPC5HjSWw'
    expect(await decryptToken(stored, KEY)).toBe('a token')
  })

  test('never give the same value twice', async () => {
    expect(await encryptToken('token', KEY)).not.toBe(await encryptToken('token', KEY))
  })

  test('refuse a key of 31 characters without showing it', async () => {
    const short = KEY.slice(0, 31)
    for (const call of [encryptToken('token', short), decryptToken('value', short)]) {
      await expect(call).rejects.toMatchObject({ code: 'config_invalid' })
      await expect(call).rejects.not.toThrow(/abcdef/)
    }
  })

  test('refuse what is no text', async () => {
    for (const value of [undefined, null, 7, {}, ['x']]) {
      await expect(encryptToken(wrong(value), KEY)).rejects.toMatchObject({ code: 'config_invalid' })
      await expect(encryptToken('token', wrong(value))).rejects.toMatchObject({ code: 'config_invalid' })
      await expect(decryptToken(wrong(value), KEY)).rejects.toMatchObject({ code: 'cipher_value_invalid' })
      await expect(decryptToken('value', wrong(value))).rejects.toMatchObject({ code: 'config_invalid' })
    }
  })

  test('refuse a token that is too long or not well formed', async () => {
    for (const token of ['x'.repeat(16_385), 'a\ud800'])
      await expect(encryptToken(token, KEY)).rejects.toMatchObject({ code: 'cipher_value_invalid' })
  })

  test('tell another key, an altered value and plaintext apart', async () => {
    const sealed = await encryptToken('token', KEY)
    await expect(decryptToken(sealed, `${KEY}7`)).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    await expect(decryptToken('EAAB-token', KEY)).rejects.toMatchObject({ code: 'cipher_value_invalid' })
    const altered = sealed.slice(0, 40) + (sealed.charAt(40) === 'A' ? 'B' : 'A') + sealed.slice(41)
    await expect(decryptToken(altered, KEY)).rejects.toMatchObject({ code: 'cipher_authentication_failed' })
  })

  test('do not open what the cipher stored under the same key', async () => {
    const context = { purpose: 'state', provider: 'meta', stateHash: 'hash' } as const
    const cipher = new AesGcmCipher({ rings: { general: new KeyRing({ name: 'K', primary: KEY }) } })
    const stored = await cipher.seal(new Secret('token'), context)
    await expect(decryptToken(stored, KEY)).rejects.toMatchObject({ code: 'cipher_authentication_failed' })
  })

  test('stretch a passphrase once, however many tokens are sealed under it at once', async () => {
    const key = `a passphrase of this test: ${randomBytes(8).toString('hex')}`
    const before = process.cpuUsage()
    await Promise.all(Array.from({ length: 200 }, () => encryptToken('token', key)))
    const { user, system } = process.cpuUsage(before)
    // 200 times would be well over ten seconds of computing.
    expect(user + system).toBeLessThan(2_000_000)
  })
})

describe('generateEncryptionKey', () => {
  test('gives 32 bytes that are new each time and valid', () => {
    const keys = Array.from({ length: 100 }, () => generateEncryptionKey())
    expect(new Set(keys).size).toBe(100)
    for (const key of keys) {
      expect(Buffer.from(key, 'base64')).toHaveLength(32)
      expect(isValidEncryptionKey(key)).toBe(true)
    }
  })
})

describe('isValidEncryptionKey', () => {
  test('takes text of 32 characters and more, and nothing else', () => {
    expect(isValidEncryptionKey('k'.repeat(31))).toBe(false)
    expect(isValidEncryptionKey('k'.repeat(32))).toBe(true)
    expect(isValidEncryptionKey('k'.repeat(33))).toBe(true)
    for (const value of [undefined, null, 32, {}, '', `${'k'.repeat(40)}\ud800`])
      expect(isValidEncryptionKey(value)).toBe(false)
  })
})
