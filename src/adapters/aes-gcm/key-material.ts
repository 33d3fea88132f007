import { createHmac, createSecretKey, scrypt } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CipherUnavailableError, ConfigInvalidError } from '../../domain/errors.ts'
import { isWellFormed } from '../../domain/model/identifiers.ts'

const MIN_KEY_LENGTH = 32
const KEY_BYTES = 32
const MIN_DISTINCT_BYTES = 12

const EXTRACT_SALT = '@cgk-platform/integrations c1'
const PASSPHRASE_SALT = '@cgk-platform/integrations c1 passphrase'
// Node refuses these costs at its default of 32 MiB, which is exactly what they need.
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const

/** Whether `key` may be used at all: text of 32 or more characters. */
export function isValidEncryptionKey(key: unknown): key is string {
  return typeof key === 'string' && key.length >= MIN_KEY_LENGTH && isWellFormed(key)
}

/** What is wrong with a key, without a character of it; `undefined`: nothing. */
export function keyProblem(name: string, key: unknown): string | undefined {
  return isValidEncryptionKey(key)
    ? undefined
    : `${name}: must be at least ${MIN_KEY_LENGTH} characters of well-formed text; integrations keygen prints one`
}

/**
 * How good a key looks. `random`: 32 bytes in hex or base64. `passphrase`: any other text, which is stretched but
 * may be guessed. `weak`: repeats itself, so that somebody will guess it.
 */
export function assessEncryptionKey(key: string): 'random' | 'passphrase' | 'weak' {
  const bytes = randomKeyBytes(key)
  if (new Set(bytes ?? Buffer.from(key)).size < MIN_DISTINCT_BYTES) return 'weak'
  return bytes === undefined ? 'passphrase' : 'random'
}

/**
 * The pseudorandom key (RFC 5869 §2.2) behind everything that is derived from `key`. Random bytes are extracted;
 * a passphrase is stretched first, off the event loop.
 * @throws ConfigInvalidError naming `name`, CipherUnavailableError when the machine has no memory to stretch it
 */
export async function extractKey(name: string, key: string): Promise<KeyObject> {
  const problem = keyProblem(name, key)
  if (problem !== undefined) throw new ConfigInvalidError([problem])
  const bytes = randomKeyBytes(key) ?? (await stretch(key))
  const extracted = createSecretKey(createHmac('sha256', EXTRACT_SALT).update(bytes).digest())
  bytes.fill(0)
  return extracted
}

/** HKDF-Expand with SHA-256 to one block of 32 bytes (RFC 5869 §2.3). */
export function expandKey(extracted: KeyObject, ...info: readonly (string | Uint8Array)[]): Buffer {
  const block = createHmac('sha256', extracted)
  for (const part of info) block.update(part)
  return block.update(FIRST_BLOCK).digest()
}

const FIRST_BLOCK = Buffer.of(1)

function randomKeyBytes(key: string): Buffer | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(key)) return Buffer.from(key, 'hex')
  if (!/^[A-Za-z0-9+/]{43}=$/.test(key)) return undefined
  const bytes = Buffer.from(key, 'base64')
  return bytes.length === KEY_BYTES && bytes.toString('base64') === key ? bytes : undefined
}

function stretch(key: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(key, PASSPHRASE_SALT, KEY_BYTES, SCRYPT, (error, bytes) => {
      if (error === null) resolve(bytes)
      else reject(new CipherUnavailableError('a passphrase could not be stretched'))
    })
  })
}
