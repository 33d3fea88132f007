import { ContainerModule } from 'inversify'
import { AesGcmCipher, LocalKeyInventory, RingStateKeys } from '../../adapters/aes-gcm/index.ts'
import type { AesGcmCipherOptions, KeyRing, Rings } from '../../adapters/aes-gcm/index.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import type { Readiness } from '../../ports/readiness.ts'
import { GENERAL_KEY } from '../config/encryption-environment.ts'
import { IDS } from './identifiers.ts'

/** Seals under local keys. States are signed under the general ring, or the first there is. */
export function aesGcmModule(options: AesGcmCipherOptions): ContainerModule {
  return new ContainerModule(({ rebind }) => {
    const ring = stateRing(options.rings)
    if (ring === undefined) throw new ConfigInvalidError([`${GENERAL_KEY}: is missing`])
    rebind(IDS.Cipher).toConstantValue(new AesGcmCipher(options))
    rebind(IDS.StateKeys).toConstantValue(new RingStateKeys(ring))
    rebind(IDS.KeyInventory).toConstantValue(new LocalKeyInventory(options))
    rebind(IDS.Readiness).toConstantValue(readinessOf(options.rings))
  })
}

export function stateRing({ byProvider, general }: Rings): KeyRing | undefined {
  return general ?? Object.values(byProvider ?? {})[0]
}

export function readinessOf({ byProvider, general }: Rings): Readiness {
  const rings = [...(general === undefined ? [] : [general]), ...Object.values(byProvider ?? {})]
  return {
    isReady: () =>
      Promise.all(rings.map((ring) => ring.ready())).then(
        () => true,
        () => false,
      ),
  }
}
