import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  AesGcmCipher,
  KeyRing,
  RingStateKeys,
  assessEncryptionKey,
  generateEncryptionKey,
  keyReferenceOf,
} from '../../../src/adapters/aes-gcm/index.ts'
import { expandKey, extractKey } from '../../../src/adapters/aes-gcm/key-material.ts'
import { parseTenantId } from '../../../src/domain/model/identifiers.ts'
import { Secret } from '../../../src/domain/model/secret.ts'
import { asSealed } from '../../../src/ports/cipher.ts'
import type { SealContext } from '../../../src/ports/cipher.ts'
import { RecordedLog } from './recorded-log.ts'

const PASSPHRASE = 'abcdefghijklmnopqrstuvwxyz123456'
const CONTEXT = {
  purpose: 'connection',
  tenantId: parseTenantId('tenant-é'),
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  tokenVersion: 7,
  field: 'refresh_token',
} as const satisfies SealContext
const STATE = { purpose: 'state', provider: 'meta', stateHash: 'hash' } as const satisfies SealContext

function ring(primary: string, previous: readonly string[] = [], name = 'META_ENCRYPTION_KEY'): KeyRing {
  return new KeyRing({ name, primary, previous })
}

describe('KeyRing', () => {
  test('refuses keys of 31 characters, naming the variables and showing no character of them', () => {
    const short = 'k'.repeat(31)
    const build = (): KeyRing => ring(short, [PASSPHRASE, `${short}`])
    expect(build).toThrow(/META_ENCRYPTION_KEY: .*META_ENCRYPTION_KEY_PREVIOUS\[1\]: /)
    expect(build).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(build).not.toThrow(/kkk/)
    expect(() => ring('k'.repeat(32))).not.toThrow()
  })

  test('refuses a key that is not well-formed text', () => {
    expect(() => ring(`${'k'.repeat(40)}\ud800`)).toThrow(/META_ENCRYPTION_KEY/)
  })

  test('takes the same 32 bytes in hex of either case as one key', async () => {
    const hex = randomBytes(32).toString('hex')
    const [lower, upper] = await Promise.all([ring(hex).ready(), ring(hex.toUpperCase()).ready()])
    expect(upper.primary.reference).toBe(lower.primary.reference)
    const base64 = await ring(Buffer.from(hex, 'hex').toString('base64')).ready()
    expect(base64.primary.reference).toBe(lower.primary.reference)
  })

  test('warns of a passphrase and of a key that repeats itself, by name and without showing it', async () => {
    const logger = new RecordedLog()
    const keys = { primary: PASSPHRASE, previous: ['0'.repeat(64), generateEncryptionKey()] }
    await new KeyRing({ name: 'TIKTOK_ENCRYPTION_KEY', ...keys, logger }).ready()
    expect(logger.lines).toHaveLength(2)
    expect(logger.lines[0]).toContain('passphrase')
    expect(logger.lines[1]).toContain('TIKTOK_ENCRYPTION_KEY_PREVIOUS[0]')
    expect(logger.lines.join()).not.toMatch(/abcdefgh|00000000/)
  })

  test('derives its keys once for concurrent callers', async () => {
    const logger = new RecordedLog()
    const one = new KeyRing({ name: 'K', primary: PASSPHRASE, logger })
    expect(one.loaded).toBeUndefined()
    const rings = await Promise.all(Array.from({ length: 20 }, () => one.ready()))
    expect(new Set(rings).size).toBe(1)
    expect(one.loaded).toBe(rings[0])
    expect(logger.lines).toHaveLength(1)
  })

  test('shows no key when printed, before and after it is derived', async () => {
    const one = ring(PASSPHRASE, [generateEncryptionKey()])
    const before = inspect(one, { depth: 10, showHidden: true })
    const loaded = await one.ready()
    const printed = before + inspect([one, loaded, loaded.primary], { depth: 10, showHidden: true })
    expect(printed).not.toContain('abcdef')
    expect(printed).not.toContain('Buffer')
  })
})

describe('key derivation', () => {
  test('is HKDF with SHA-256 as RFC 5869 has it', async () => {
    const key = randomBytes(32)
    const extracted = await extractKey('K', key.toString('hex'))
    const expected = hkdfSync('sha256', key, '@cgk-platform/integrations c1', 'key-id', 32)
    expect(expandKey(extracted, 'key-id')).toEqual(Buffer.from(expected))
    expect(expandKey(extracted, 'key', '-id')).toEqual(Buffer.from(expected))
  })

  test('meets the first test vector of RFC 5869 in its first block', () => {
    const extracted = createSecretKey(
      Buffer.from('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5', 'hex'),
    )
    const block = expandKey(extracted, Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'))
    expect(block.toString('hex')).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf')
  })

  test('gives each tenant, no tenant, and states keys of their own', async () => {
    const { primary } = await ring(generateEncryptionKey()).ready()
    const keys = [primary.subkey('a'), primary.subkey('b'), primary.general()].map((key) =>
      key.export().toString('hex'),
    )
    keys.push(Buffer.from(primary.stateKey()).toString('hex'))
    expect(new Set(keys).size).toBe(4)
    expect(primary.subkey('a').equals(primary.subkey('a'))).toBe(true)
  })
})

describe('assessEncryptionKey', () => {
  test('tells random keys, passphrases and keys that repeat themselves apart', () => {
    expect(assessEncryptionKey(generateEncryptionKey())).toBe('random')
    expect(assessEncryptionKey(randomBytes(32).toString('hex'))).toBe('random')
    expect(assessEncryptionKey(PASSPHRASE)).toBe('passphrase')
    for (const weak of [
      '0'.repeat(64),
      'a'.repeat(32),
      'secret'.repeat(6),
      Buffer.alloc(32).toString('base64'),
    ])
      expect(assessEncryptionKey(weak)).toBe('weak')
  })
})

describe('AesGcmCipher', () => {
  test('opens the values that earlier releases stored', async () => {
    const key = '00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f'
    const stored = asSealed('c1.a.dV-ipUfuAvCn7zVFMNz3jQ.HF1eQrAVVa-4BhlkG45bB3y30Ng-mFNn-h36MetMQfxBt5w')
    const opened = await new AesGcmCipher({ rings: { general: ring(key) } }).open(stored, CONTEXT)
    expect(opened.reveal()).toBe('a token')
  })

  test("uses a provider's own ring, and the general one for the others", async () => {
    const own = ring(generateEncryptionKey())
    const general = ring(generateEncryptionKey())
    const cipher = new AesGcmCipher({ rings: { general, byProvider: { meta: own } } })
    const meta = await cipher.seal(new Secret('x'), CONTEXT)
    const tiktok = await cipher.seal(new Secret('x'), { ...CONTEXT, provider: 'tiktok' })
    const headerOf = async (of: KeyRing): Promise<string> => (await of.ready()).primary.header
    expect(`${keyReferenceOf(meta)}.`).toBe(await headerOf(own))
    expect(`${keyReferenceOf(tiktok)}.`).toBe(await headerOf(general))
    expect(keyReferenceOf(meta)).not.toBe(keyReferenceOf(tiktok))
    expect(keyReferenceOf(meta)).toMatch(/^c1\.a\.[A-Za-z0-9_-]{22}$/)
  })

  test('still opens what was sealed before the provider got a ring of its own', async () => {
    const general = ring(generateEncryptionKey())
    const sealed = await new AesGcmCipher({ rings: { general } }).seal(new Secret('x'), CONTEXT)
    const moved = new AesGcmCipher({ rings: { general, byProvider: { meta: ring(PASSPHRASE) } } })
    expect((await moved.open(sealed, CONTEXT)).reveal()).toBe('x')
  })

  test('names the provider for which there is no key', async () => {
    const cipher = new AesGcmCipher({ rings: { byProvider: { meta: ring(PASSPHRASE) } } })
    const sealing = cipher.seal(new Secret('x'), { ...CONTEXT, provider: 'tiktok' })
    await expect(sealing).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(sealing).rejects.toThrow('tiktok')
    await expect(cipher.prepare({ ...STATE, provider: 'constructor' })).rejects.toThrow('constructor')
  })

  test('says which key is unknown once it is removed from the ring', async () => {
    const [first, second] = [generateEncryptionKey(), generateEncryptionKey()]
    const sealed = await new AesGcmCipher({ rings: { general: ring(first) } }).seal(new Secret('x'), CONTEXT)
    const rotated = new AesGcmCipher({ rings: { general: ring(second) } })
    const opening = rotated.open(sealed, CONTEXT)
    await expect(opening).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    await expect(opening).rejects.toThrow(sealed.slice(5, 27))
  })

  test('draws a nonce of its own for each of a hundred thousand values', async () => {
    const cipher = new AesGcmCipher({ rings: { general: ring(generateEncryptionKey()) } })
    const nonces = new Set<string>()
    for (let count = 0; count < 100_000; count += 1)
      nonces.add((await cipher.seal(new Secret('x'), CONTEXT)).slice(28, 44))
    expect(nonces.size).toBe(100_000)
  })

  test('opens for more tenants than it keeps subkeys of', async () => {
    const cipher = new AesGcmCipher({ rings: { general: ring(generateEncryptionKey()) } })
    const contexts = Array.from({ length: 12_000 }, (_, index) => ({
      ...CONTEXT,
      tenantId: parseTenantId(`tenant-${index}`),
    }))
    const sealed = await Promise.all(contexts.map((context) => cipher.seal(new Secret('x'), context)))
    const opened = await Promise.all(
      contexts.map((context, index) => cipher.open(asSealed(sealed[index] ?? ''), context)),
    )
    expect(opened.every((secret) => secret.reveal() === 'x')).toBe(true)
  })
})

describe('RingStateKeys', () => {
  test('signs under the primary key and accepts the previous ones', async () => {
    const [first, second] = [generateEncryptionKey(), generateEncryptionKey()]
    const before = await new RingStateKeys(ring(first)).signing()
    const rotated = new RingStateKeys(ring(second, [first]))
    expect(await rotated.accepted()).toEqual({ keys: [await rotated.signing(), before] })
    expect(await rotated.signing()).not.toEqual(before)
    expect(before).toHaveLength(32)
  })
})
