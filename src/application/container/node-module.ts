import { ContainerModule } from 'inversify'
import { NodeDigest } from '../../adapters/node/digest.ts'
import { NodeRandomSource } from '../../adapters/node/random-source.ts'
import { SystemClock } from '../../adapters/node/system-clock.ts'
import type { Clock } from '../../ports/clock.ts'
import { IDS } from './identifiers.ts'

/** Clock, randomness and hashing of this process. */
export function nodeModule(options: { readonly clock?: Clock } = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(IDS.Clock).toConstantValue(options.clock ?? new SystemClock())
    bind(IDS.RandomSource).toConstantValue(new NodeRandomSource())
    bind(IDS.Digest).toConstantValue(new NodeDigest())
  })
}
