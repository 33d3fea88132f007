import { randomFillSync } from 'node:crypto'
import type { RandomSource } from '../../ports/random-source.ts'

/** The operating system's generator, through Node, for all that must not be foretold. */
export class NodeRandomSource implements RandomSource {
  bytes(length: number): Uint8Array {
    return randomFillSync(Buffer.allocUnsafe(length))
  }

  fraction(): number {
    return Math.random()
  }
}
