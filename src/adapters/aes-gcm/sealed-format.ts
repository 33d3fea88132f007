import { CipherValueInvalidError } from '../../domain/errors.ts'
import { asSealed } from '../../ports/cipher.ts'
import type { Sealed } from '../../ports/cipher.ts'

/** `a`: under a local key. `k`: under a data key, by reference. `w`, a wrapped key inline, is reserved. */
export type Suite = 'a' | 'k'

/** A key's name in a value: 16 bytes in base64url. */
export type KeyReference = string

export interface ParsedValue {
  readonly suite: Suite
  readonly keyReference: KeyReference
  /** `c1.<suite>.<key reference>.`, as it is authenticated. */
  readonly header: string
  /** Nonce, ciphertext and tag, as text. */
  readonly body: string
}

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
export const MAX_PLAINTEXT_BYTES = 16_384
export const MAX_BODY_BYTES = NONCE_BYTES + MAX_PLAINTEXT_BYTES + TAG_BYTES
const SUITE_AT = 3
const REFERENCE_AT = 5
const HEADER_LENGTH = 28
const MAX_VALUE_LENGTH = 24_576

/** Begins every value under a data key, and that key's name. */
export const DATA_KEY_PREFIX = 'c1.k.'

// 16 bytes leave four spare bits in the 22nd character; they must be zero, so that a key has one spelling.
const HEADER = /^c1\.[ak]\.[A-Za-z0-9_-]{21}[AQgw]\.$/

export function headerFor(suite: Suite, reference: KeyReference): string {
  return `c1.${suite}.${reference}.`
}

export function printValue(header: string, body: Buffer): Sealed {
  return asSealed(header + body.toString('base64url'))
}

/** @throws CipherValueInvalidError for what no value begins with; plaintext is never passed through */
export function parseValue(value: string): ParsedValue {
  if (typeof value !== 'string') throw new CipherValueInvalidError('it is no text')
  if (value.length > MAX_VALUE_LENGTH) throw damaged('it is too long')
  const header = value.slice(0, HEADER_LENGTH)
  if (!HEADER.test(header)) throw headerError(value)
  const suite = header.charAt(SUITE_AT) === 'a' ? 'a' : 'k'
  const keyReference = header.slice(REFERENCE_AT, -1)
  return { suite, keyReference, header, body: value.slice(HEADER_LENGTH) }
}

/** The key a value is sealed under, in the form that a query can count: `c1.<suite>.<key reference>`. */
export function keyReferenceOf(sealed: Sealed): string {
  const header = sealed.slice(0, HEADER_LENGTH)
  if (!HEADER.test(header)) throw headerError(sealed)
  return header.slice(0, -1)
}

// One scratch for all: it is filled and deciphered within one synchronous step.
const scratch = Buffer.alloc(MAX_VALUE_LENGTH)

/**
 * Nonce, ciphertext and tag, valid until the next call.
 * @throws CipherValueInvalidError for anything but the one spelling of a body
 */
export function decodeBody(text: string): Buffer {
  const length = scratch.write(text, 'base64url')
  if (!isCanonical(text, length)) throw damaged('its body is not base64url')
  if (length < NONCE_BYTES + TAG_BYTES) throw damaged('its body is too short')
  if (length > MAX_BODY_BYTES) throw damaged('its body is too long')
  return scratch.subarray(0, length)
}

/**
 * Whether `text` is the one spelling of the bytes it was decoded to. The decoder takes the other alphabet's characters,
 * stops at padding and skips what is no base64 at all, which leaves fewer bytes than the length promises; it drops spare
 * bits, and of a character beyond Latin-1 it looks at the lower byte alone. Encoding again and comparing says the same and takes a twentieth of the time to open a value.
 */
function isCanonical(text: string, decodedLength: number): boolean {
  const rest = text.length % 4
  if (rest === 1 || decodedLength !== Math.floor((text.length * 3) / 4)) return false
  if (text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length) return false
  return rest === 0 || (rest === 2 ? FOUR_BITS_SPARE : TWO_BITS_SPARE).includes(text.charAt(text.length - 1))
}

// The characters whose lowest four or two bits are zero.
const FOUR_BITS_SPARE = 'AQgw'
const TWO_BITS_SPARE = 'AEIMQUYcgkosw048'

function headerError(value: string): CipherValueInvalidError {
  if (/^c1\.[a-z]\./.test(value) && !/^c1\.[ak]\./.test(value))
    return new CipherValueInvalidError(
      'its suite is unknown to this version; open it with the release that sealed it',
      'suite',
    )
  if (/^c\d{1,3}\.[a-z]\./.test(value) && !value.startsWith('c1.'))
    return new CipherValueInvalidError(
      'its format version is unknown to this version; open it with the release that sealed it',
      'version',
    )
  return damaged('it does not have the form of a sealed value')
}

function damaged(problem: string): CipherValueInvalidError {
  return new CipherValueInvalidError(
    `${problem}; restore the row from a backup, or disconnect and connect again`,
  )
}
