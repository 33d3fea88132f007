import { ContainerModule } from 'inversify'
import { AesGcmCipher, RingStateKeys } from '../../adapters/aes-gcm/index.ts'
import type { AesGcmCipherOptions } from '../../adapters/aes-gcm/index.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { IDS } from './identifiers.ts'

/** Seals under local keys. States are signed under the general ring, or the first there is. */
export function aesGcmModule(options: AesGcmCipherOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    const ring = options.rings.general ?? Object.values(options.rings.byProvider ?? {})[0]
    if (ring === undefined) throw new ConfigInvalidError(['INTEGRATION_ENCRYPTION_KEY: is missing'])
    bind(IDS.Cipher).toConstantValue(new AesGcmCipher(options))
    bind(IDS.StateKeys).toConstantValue(new RingStateKeys(ring))
  })
}
