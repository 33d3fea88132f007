import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CipherAuthenticationFailedError, CipherValueInvalidError } from '../../domain/errors.ts'
import { isWellFormed } from '../../domain/model/identifiers.ts'
import type { Sealed } from '../../ports/cipher.ts'
import { associatedData } from './associated-data.ts'
import type { AnyContext } from './associated-data.ts'
import {
  decodeBody,
  MAX_BODY_BYTES,
  MAX_PLAINTEXT_BYTES,
  NONCE_BYTES,
  printValue,
  TAG_BYTES,
} from './sealed-format.ts'
import type { ParsedValue } from './sealed-format.ts'

const ALGORITHM = 'aes-256-gcm'
const TAG = { authTagLength: TAG_BYTES } as const
// One scratch for all: it is filled and printed within one synchronous step.
const scratch = Buffer.alloc(MAX_BODY_BYTES)
const nonce = scratch.subarray(0, NONCE_BYTES)

/** AES-256-GCM under a random 96-bit nonce (NIST SP 800-38D §8.2.2). */
export function sealText(text: string, key: KeyObject, header: string, context: AnyContext): Sealed {
  if (text.length > MAX_PLAINTEXT_BYTES) throw tooLong()
  // A nonce a call: a pool that a snapshot of the machine copied would repeat nonces, and that breaks GCM outright.
  const gcm = createCipheriv(ALGORITHM, key, randomFillSync(nonce), TAG)
  gcm.setAAD(associatedData(header, context))
  const ciphertext = gcm.update(text, 'utf8')
  gcm.final()
  if (ciphertext.length > MAX_PLAINTEXT_BYTES) throw tooLong()
  if (ciphertext.length !== text.length && !isWellFormed(text))
    throw new CipherValueInvalidError('text that is not well formed cannot be sealed')
  const tagAt = NONCE_BYTES + ciphertext.length
  scratch.set(ciphertext, NONCE_BYTES)
  scratch.set(gcm.getAuthTag(), tagAt)
  return printValue(header, scratch.subarray(0, tagAt + TAG_BYTES))
}

/**
 * @throws CipherValueInvalidError when the body is not one,
 * CipherAuthenticationFailedError when the tag does not fit value, key and context
 */
export function openText(
  value: Pick<ParsedValue, 'header' | 'body'>,
  key: KeyObject,
  context: AnyContext,
): string {
  const { header } = value
  const body = decodeBody(value.body)
  const tagAt = body.length - TAG_BYTES
  // Without authTagLength Node accepts a tag of four bytes.
  const gcm = createDecipheriv(ALGORITHM, key, body.subarray(0, NONCE_BYTES), TAG)
  gcm.setAAD(associatedData(header, context))
  gcm.setAuthTag(body.subarray(tagAt))
  const plaintext = gcm.update(body.subarray(NONCE_BYTES, tagAt))
  try {
    gcm.final()
  } catch {
    throw new CipherAuthenticationFailedError()
  }
  return plaintext.toString('utf8')
}

function tooLong(): CipherValueInvalidError {
  return new CipherValueInvalidError(`text of more than ${MAX_PLAINTEXT_BYTES} bytes cannot be sealed`)
}
