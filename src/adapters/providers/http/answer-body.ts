import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createUnzip } from 'node:zlib'
import { responseInvalid } from '../../../domain/provider-failure.ts'
import { uncertain } from './failures.ts'

/**
 * The whole body as text. It counts decoded bytes while they come, so that neither a flood nor a decompression bomb is
 * held in memory. Rejects with ProviderFailure when the body is larger than `mostBytes`, cut short, in an unknown
 * encoding, or no UTF-8.
 */
export async function readBody(message: IncomingMessage, mostBytes: number): Promise<string> {
  const decoder = decoderFor(message.headers['content-encoding'])
  const bytes = await collect(message, decoder, mostBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw responseInvalid()
  }
}

function decoderFor(encoding = 'identity'): Transform | undefined {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return createUnzip()
    case 'br':
      return createBrotliDecompress()
    default:
      throw responseInvalid()
  }
}

function collect(
  message: IncomingMessage,
  decoder: Transform | undefined,
  mostBytes: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const count = (onTooMany: () => void): ((chunk: Buffer) => boolean) => {
      let size = 0
      return (chunk) => {
        size += chunk.length
        if (size <= mostBytes) return true
        onTooMany()
        return false
      }
    }
    const refuse = (): void => {
      message.destroy()
      decoder?.destroy()
      reject(responseInvalid())
    }
    const isWithin = count(refuse)
    const plain = decoder === undefined ? message : message.pipe(decoder)
    plain.on('data', (chunk: Buffer) => {
      if (isWithin(chunk)) chunks.push(chunk)
    })
    plain.once('end', () => resolve(Buffer.concat(chunks)))
    message.once('error', () => reject(uncertain('connection_lost')))
    if (decoder === undefined) return
    const isWithinEncoded = count(refuse)
    message.on('data', isWithinEncoded)
    decoder.once('error', refuse)
  })
}
