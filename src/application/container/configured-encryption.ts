import type { ContainerModule } from 'inversify'
import { KeyRing, LegacyReader } from '../../adapters/aes-gcm/index.ts'
import type { AesGcmCipherOptions } from '../../adapters/aes-gcm/index.ts'
import { AwsKms } from '../../adapters/kms/index.ts'
import { GENERAL_KEY } from '../config/encryption-environment.ts'
import type { IntegrationsConfig } from '../config/integrations-config.ts'
import { aesGcmModule } from './aes-gcm-module.ts'
import type { ConfiguredContext } from './configured-context.ts'
import { everyProblem } from './every-problem.ts'
import { kmsModule } from './kms-module.ts'

type EncryptionConfig = IntegrationsConfig['encryption']
type LocalKeys = EncryptionConfig['byProvider'][string]

/** Local keys, a key management service, or both during a move; the service's client is closed with the container. */
export function encryptionModule(context: ConfiguredContext): ContainerModule {
  const { clock, config, logger, shutdown } = context
  const { kms: settings } = config.encryption
  const local = localKeys(context)
  if (settings === undefined) return aesGcmModule(local)
  const { region, endpoint, limits, ...rest } = settings
  const kms = new AwsKms({ clock, logger, region, endpoint })
  shutdown.onClose(() => kms.close())
  const given = Object.entries(limits ?? {}).flatMap(([name, limit]) =>
    limit === undefined ? [] : [[name, limit] as const],
  )
  return kmsModule({ ...rest, kms, local, limits: Object.fromEntries(given) })
}

function localKeys({ clock, config, logger }: ConfiguredContext): AesGcmCipherOptions {
  const { byProvider, key, legacyUntil, previousKeys } = config.encryption
  const ringOf = (name: string, keys: LocalKeys): KeyRing =>
    new KeyRing({ name, primary: keys.key, previous: keys.previousKeys, logger })
  const general = key === undefined ? undefined : { key, previousKeys }
  const given = [
    ...(general === undefined ? [] : [[GENERAL_KEY, general] as const]),
    ...Object.entries(byProvider).map(
      ([name, keys]) => [`${name.toUpperCase()}_ENCRYPTION_KEY`, keys] as const,
    ),
  ]
  const rings = everyProblem(
    given.map(
      ([name, keys]) =>
        () =>
          ringOf(name, keys),
    ),
  )
  const own = general === undefined ? rings : rings.slice(1)
  return {
    rings: {
      general: general === undefined ? undefined : rings[0],
      byProvider: Object.fromEntries(
        Object.keys(byProvider).flatMap((name, at) => (own[at] === undefined ? [] : [[name, own[at]]])),
      ),
    },
    legacy:
      legacyUntil === undefined
        ? undefined
        : new LegacyReader({ until: legacyUntil, clock, logger, keys: legacyKeys(general, byProvider) }),
  }
}

function legacyKeys(
  general: LocalKeys | undefined,
  byProvider: EncryptionConfig['byProvider'],
): { readonly general: readonly string[]; readonly byProvider: Readonly<Record<string, readonly string[]>> } {
  const all = (keys: LocalKeys | undefined): readonly string[] =>
    keys === undefined ? [] : [keys.key, ...keys.previousKeys]
  const own = Object.entries(byProvider).map(([provider, keys]) => [provider, all(keys)] as const)
  return { general: all(general), byProvider: Object.fromEntries(own) }
}
