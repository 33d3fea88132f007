import type { Container } from 'inversify'
import { ConfigInvalidError } from '../../domain/errors.ts'
import { configFromEnvironment, nameVariables } from '../config/environment.ts'
import type { IntegrationsConfigInput } from '../config/integrations-config.ts'
import { createIntegrationsContainer } from './create-integrations-container.ts'
import type { ContainerOptions } from './create-integrations-container.ts'

type Providers = NonNullable<IntegrationsConfigInput['providers']>

/** What has no variable. */
export interface EnvironmentContainerOptions
  extends
    Omit<ContainerOptions, 'missingProviders'>,
    Pick<IntegrationsConfigInput, 'allowedReturnOrigins' | 'requireInitiator'> {
  /** Further platforms, by their definitions. */
  readonly oauth2?: Providers['oauth2']
}

/**
 * `createIntegrationsContainer` from the variables that the root functions read, with what has no variable beside them. A
 * platform whose variables are missing cannot be used; whoever uses it is told which.
 * @throws ConfigInvalidError naming every variable and setting that is wrong, and no value
 */
export function createIntegrationsContainerFromEnvironment(
  options: EnvironmentContainerOptions = {},
): Container {
  const { allowedReturnOrigins, requireInitiator, oauth2, ...rest } = options
  const { config, missing } = configFromEnvironment(process.env)
  const providers = { ...config.providers, oauth2 }
  try {
    return createIntegrationsContainer(
      { ...config, allowedReturnOrigins, requireInitiator, providers },
      { ...rest, missingProviders: missing },
    )
  } catch (error) {
    throw error instanceof ConfigInvalidError ? nameVariables(error) : error
  }
}
