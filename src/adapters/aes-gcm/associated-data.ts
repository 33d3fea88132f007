import { ConfigInvalidError } from '../../domain/errors.ts'
import { isWellFormed } from '../../domain/model/identifiers.ts'
import type { SealContext } from '../../ports/cipher.ts'

/** The context of the functions that know no connection. Other packages' values and ours never meet in it. */
export type AnyContext = SealContext | { readonly purpose: 'standalone' }

const LENGTH_BYTES = 4
// One scratch for all: it is filled and read by OpenSSL within one synchronous step.
const scratch = Buffer.alloc(16_384)

/**
 * What is authenticated beside the text: the domain word, the header and every part of the context, each with its
 * length in front, so that no two contexts give the same bytes. Valid until the next call.
 */
export function associatedData(header: string, context: AnyContext): Uint8Array {
  switch (context.purpose) {
    case 'connection':
      return ofGrant(header, context, context.tokenVersion)
    case 'candidate':
      return ofGrant(header, context, context.parentVersion)
    case 'state':
      return lengthPrefixed(['c1:state', header, context.provider, context.stateHash])
    case 'standalone':
      return lengthPrefixed(['c1:standalone', header])
  }
}

type GrantContext = Extract<SealContext, { readonly purpose: 'connection' | 'candidate' }>

function ofGrant(header: string, context: GrantContext, version: number): Uint8Array {
  const { purpose, tenantId, provider, connectionId, field, grantId } = context
  const word = purpose === 'connection' ? 'c1:connection' : 'c1:candidate'
  return lengthPrefixed([word, header, tenantId, provider, connectionId, field, grantId, String(version)])
}

// Lengths of one byte that is also one ASCII character, which nearly all parts have.
const PREFIXES = Array.from({ length: 128 }, (_, length) => `\0\0\0${String.fromCharCode(length)}`)
const MAX_BYTES_PER_CHARACTER = 3
const NOT_ASCII = '\uffff'

/** The parts, each after its big-endian length in bytes of UTF-8. Valid until the next call. */
export function lengthPrefixed(parts: readonly string[]): Uint8Array {
  let text = ''
  for (const part of parts) text += (PREFIXES[part.length] ?? NOT_ASCII) + part
  // What may not fit is written up to the end, which can be as many bytes as characters though it is not ASCII.
  if (text.length * MAX_BYTES_PER_CHARACTER > scratch.length) return measured(parts)
  // As many bytes as characters means that all of it was ASCII, and the counted characters are bytes.
  const length = scratch.write(text)
  return length === text.length ? scratch.subarray(0, length) : measured(parts)
}

function measured(parts: readonly string[]): Uint8Array {
  let end = 0
  for (const part of parts) {
    // Two lone surrogates would be encoded alike.
    if (!isWellFormed(part)) throw unusable('is not well-formed text')
    const length = Buffer.byteLength(part)
    if (end + LENGTH_BYTES + length > scratch.length) throw unusable('is too long')
    scratch.writeUInt32BE(length, end)
    scratch.write(part, end + LENGTH_BYTES)
    end += LENGTH_BYTES + length
  }
  return scratch.subarray(0, end)
}

function unusable(problem: string): ConfigInvalidError {
  return new ConfigInvalidError([`an id that a value is sealed for: ${problem}`])
}
