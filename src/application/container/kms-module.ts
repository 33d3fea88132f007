import { ContainerModule } from 'inversify'
import {
  AesGcmCipher,
  EnvelopeCipher,
  LocalKeyInventory,
  MovingCipher,
  MovingStateKeys,
  RingStateKeys,
} from '../../adapters/aes-gcm/index.ts'
import type { AesGcmCipherOptions } from '../../adapters/aes-gcm/index.ts'
import { KmsDataKeys, KmsStateKeys, rewrapDataKeys } from '../../adapters/kms/index.ts'
import type { DataKeyLimits, KmsApi, Partitioning, RewrapOutcome } from '../../adapters/kms/index.ts'
import { ConfigInvalidError } from '../../domain/errors.ts'
import type { Cipher } from '../../ports/cipher.ts'
import type { StateKeys } from '../../ports/state-keys.ts'
import { readinessOf, stateRing } from './aes-gcm-module.ts'
import { IDS } from './identifiers.ts'

/** Which service wraps data keys, under which key and for whom. */
export interface KmsModuleOptions {
  /** The service; whoever made it closes it. */
  readonly kms: KmsApi
  /** The wrapping key of new data keys. */
  readonly keyId: string
  /** Names the application in the service's audit log. */
  readonly app: string
  /** `all` unless said otherwise. */
  readonly partitioning?: Partitioning | undefined
  readonly limits?: Partial<DataKeyLimits> | undefined
  /** Keys from before the service: they go on opening what they sealed. */
  readonly local?: AesGcmCipherOptions | undefined
  /** The local keys seal on, and the service only opens. */
  readonly opensOnly?: boolean | undefined
}

/** Wraps every data key anew under another key of the service; see `rewrapDataKeys`. */
export interface DataKeyRewrapping {
  run(toKmsKeyId: string): Promise<RewrapOutcome>
}

/** Seals under data keys that a key management service wraps. */
export function kmsModule(options: KmsModuleOptions): ContainerModule {
  const {
    app,
    keyId: kmsKeyId,
    kms,
    limits,
    local = { rings: {} },
    opensOnly = false,
    partitioning,
  } = options
  const ring = stateRing(local.rings)
  const seals = opensOnly ? 'local' : 'service'
  if (opensOnly && ring === undefined) throw new ConfigInvalidError(['kms.opensOnly: needs a key that seals'])
  return new ContainerModule(({ rebind }) => {
    rebind(IDS.DataKeys)
      .toResolvedValue(
        (store, clock, random, logger) =>
          new KmsDataKeys({ kms, kmsKeyId, app, partitioning, limits, store, clock, random, logger }),
        [IDS.DataKeyStore, IDS.Clock, IDS.RandomSource, IDS.Logger],
      )
      .inSingletonScope()
    rebind(IDS.Cipher)
      .toResolvedValue((keys) => cipherOver(keys, local, seals), [IDS.DataKeys])
      .inSingletonScope()
    rebind(IDS.StateKeys)
      .toResolvedValue(
        (keys): StateKeys => {
          const service = new KmsStateKeys({ keys })
          if (ring === undefined) return service
          return new MovingStateKeys({ local: new RingStateKeys(ring), service, signs: seals })
        },
        [IDS.DataKeys],
      )
      .inSingletonScope()
    rebind(IDS.KeyInventory)
      .toResolvedValue(
        (dataKeys) => new LocalKeyInventory({ ...local, ...(opensOnly ? {} : { dataKeys }) }),
        [IDS.DataKeyStore],
      )
      .inSingletonScope()
    rebind(IDS.Readiness)
      .toResolvedValue(
        (keys) => (opensOnly ? readinessOf(local.rings) : { isReady: () => keys.isReady() }),
        [IDS.DataKeys],
      )
      .inSingletonScope()
    rebind(IDS.DataKeyRewrapping)
      .toResolvedValue(
        (store, random, logger): DataKeyRewrapping => ({
          run: (to) => rewrapDataKeys({ kms, kmsKeyId, app, store, random, logger }, to),
        }),
        [IDS.DataKeyStore, IDS.RandomSource, IDS.Logger],
      )
      .inSingletonScope()
  })
}

function cipherOver(keys: KmsDataKeys, local: AesGcmCipherOptions, seals: 'local' | 'service'): Cipher {
  const service = new EnvelopeCipher({ keys })
  if (stateRing(local.rings) === undefined) return service
  return new MovingCipher({ local: new AesGcmCipher(local), service, seals })
}
