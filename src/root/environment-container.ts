import type { Container } from 'inversify'
import { configFromEnvironment, nameVariables } from '../application/config/environment.ts'
import { createIntegrationsContainer } from '../application/container/create-integrations-container.ts'
import { ConfigInvalidError } from '../domain/errors.ts'

/** @throws ConfigInvalidError naming the variables that are wrong */
export function containerFromEnvironment(): Container {
  const { config, missing } = configFromEnvironment(process.env)
  try {
    return createIntegrationsContainer(config, { missingProviders: missing })
  } catch (error) {
    throw error instanceof ConfigInvalidError ? nameVariables(error) : error
  }
}
