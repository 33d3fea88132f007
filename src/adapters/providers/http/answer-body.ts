import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, unzip } from 'node:zlib'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { uncertain } from './failures.ts'

/**
 * The whole body as text. It counts bytes while they come, as they stand on the wire and as they unpack, so that neither
 * a flood nor a decompression bomb is held in memory. Rejects with ProviderFailure when the body is larger than
 * `maxBytes` or takes more than twice as many on the wire, is cut short, in an unknown encoding, or no UTF-8.
 */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<string> {
  const unpack = unpackingOf(message.headers['content-encoding'])
  const bytes = await collect(message, maxBytes)
  try {
    const plain = bytes.length === 0 ? bytes : await unpack(bytes, { maxOutputLength: maxBytes })
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    throw responseInvalid()
  }
}

type Unpacking = (packed: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

function unpackingOf(encoding = 'identity'): Unpacking {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return async (bytes) => bytes
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return promisify(unzip)
    case 'br':
      return promisify(brotliDecompress)
    default:
      throw responseInvalid()
  }
}

/** Room to begin with: most answers are smaller. */
const FIRST_BYTES = 16 * 1024

function collect(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { socket } = message
    const maxRead = socket.bytesRead + 2 * maxBytes
    // One buffer that grows: to keep a chunk costs a hundred times as much as a chunk of one byte carries.
    let held = Buffer.allocUnsafe(FIRST_BYTES)
    let length = 0
    message.on('data', (chunk: Buffer) => {
      const next = length + chunk.length
      // What stands around tiny chunks on the wire is a multiple of what is in them.
      if (next > maxBytes || socket.bytesRead > maxRead) {
        message.destroy()
        reject(responseInvalid())
        return
      }
      if (next > held.length) {
        const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(next, 2 * held.length)))
        held.copy(larger, 0, 0, length)
        held = larger
      }
      chunk.copy(held, length)
      length = next
    })
    message.once('end', () => resolve(held.subarray(0, length)))
    message.once('error', () => reject(uncertain('connection_lost')))
  })
}
