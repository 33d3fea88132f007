import type { ContainerModule } from 'inversify'
import { KeyRing } from '../../adapters/aes-gcm/index.ts'
import type { Logger } from '../../ports/logger.ts'
import type { IntegrationsConfig } from '../config/integrations-config.ts'
import { aesGcmModule } from './aes-gcm-module.ts'

type LocalKeys = { readonly key: string; readonly previousKeys: readonly string[] }

const GENERAL = 'INTEGRATION_ENCRYPTION_KEY'

export function encryptionModule(config: IntegrationsConfig, logger: Logger): ContainerModule {
  const { encryption } = config
  const ringOf = (name: string, { key, previousKeys }: LocalKeys): KeyRing =>
    new KeyRing({ name, primary: key, previous: previousKeys, logger })
  const own = Object.entries(encryption.byProvider).map(
    ([provider, keys]) => [provider, ringOf(`${provider.toUpperCase()}_ENCRYPTION_KEY`, keys)] as const,
  )
  const general = 'key' in encryption ? ringOf(GENERAL, encryption) : undefined
  return aesGcmModule({ rings: { general, byProvider: Object.fromEntries(own) } })
}
