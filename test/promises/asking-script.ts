import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { isIntegrationError } from '../../src/domain/errors.ts'
import type { ConnectionKey } from '../../src/domain/model/identifiers.ts'
import { hurriedClock } from '../support/hurried.ts'

export interface AskingScript {
  readonly config: IntegrationsConfigInput
  readonly databaseUrl: string
  readonly key: ConnectionKey
  readonly speed: number
}

// A script that needs one token. No connection of its own holds its process, and nobody closes its container.
process.disconnect()
const { config, databaseUrl, key, speed } = JSON.parse(process.argv[2] ?? '') as AskingScript
const database = { connectionString: databaseUrl, readConnections: 0 }
const logger = { log: (): void => undefined }
createIntegrationsContainer({ ...config, database }, { logger, clock: hurriedClock(speed) })
  .get(IDS.AccessTokens)
  .get(key)
  .then(
    () => process.stdout.write('a token'),
    (error: unknown) => process.stdout.write(isIntegrationError(error) ? error.code : String(error)),
  )
