import { createHash, randomBytes } from 'node:crypto'
import { CipherKeyUnknownError, CipherValueInvalidError, ConfigInvalidError } from '../../domain/errors.ts'
import { givenObject } from '../../domain/model/given-object.ts'
import { BoundedCache } from './bounded-cache.ts'
import { openText, sealText } from './gcm.ts'
import { extractKey, keyProblem } from './key-material.ts'
import type { LegacyReader } from './legacy-reader.ts'
import { RingKey } from './ring-key.ts'
import { parseValue } from './sealed-format.ts'

const STANDALONE = { purpose: 'standalone' } as const
const MAX_KEYS = 64

const derived = new BoundedCache<Promise<RingKey>>(MAX_KEYS)

/**
 * Seals a token of at most 16,384 bytes under a key of at least 32 characters. It is bound to nothing but the key:
 * what the library itself stores is bound to its tenant and connection as well.
 * @throws ConfigInvalidError when token or key are no usable text, CipherValueInvalidError when the token is too long
 */
export async function encryptToken(token: string, key: string): Promise<string> {
  if (typeof token !== 'string') throw new ConfigInvalidError(['token: must be text'])
  const ringKey = await derive(key)
  return sealText(token, ringKey.general(), ringKey.header, STANDALONE)
}

/**
 * Opens what `encryptToken` sealed.
 * @throws ConfigInvalidError, CipherValueInvalidError, CipherKeyUnknownError, CipherAuthenticationFailedError
 */
export async function decryptToken(
  value: string,
  key: string,
  options: { readonly legacy?: LegacyReader | undefined } = {},
): Promise<string> {
  const problem = keyProblem('key', key)
  if (problem !== undefined) throw new ConfigInvalidError([problem])
  const { legacy } = givenObject('options', options)
  if (legacy?.recognizes(value) === true) return (await legacy.openWith(value, [key])).reveal()
  const parsed = parseValue(value)
  if (parsed.suite !== 'a') throw new CipherValueInvalidError('it was not sealed by encryptToken')
  const ringKey = await derive(key)
  if (ringKey.reference !== parsed.keyReference) throw new CipherKeyUnknownError(parsed.keyReference)
  return openText(parsed, ringKey.general(), STANDALONE)
}

/** 32 random bytes in base64. */
export function generateEncryptionKey(): string {
  return randomBytes(32).toString('base64')
}

/** Derives once for all callers: a loop over tokens stretches a passphrase a single time. */
async function derive(key: string): Promise<RingKey> {
  const problem = keyProblem('key', key)
  if (problem !== undefined) throw new ConfigInvalidError([problem])
  // The keys themselves are not kept: a heap dump shows their hashes.
  const name = createHash('sha256').update(key).digest('base64url')
  const known = derived.get(name)
  if (known !== undefined) return known
  const deriving = extractKey('key', key).then((extracted) => new RingKey(extracted))
  derived.set(name, deriving)
  deriving.catch(() => {
    derived.delete(name)
  })
  return deriving
}
