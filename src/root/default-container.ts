import type { Container } from 'inversify'
import { configFromEnvironment, nameVariables } from '../application/config/environment.ts'
import { createIntegrationsContainer } from '../application/container/create-integrations-container.ts'
import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError } from '../domain/errors.ts'

let configured: Container | undefined
let closing: Promise<void> | undefined

/** The container of the root functions: the host's own, or one built from the environment when it is first needed. */
export function defaultContainer(): Container {
  if (configured === undefined) {
    configured = containerFromEnvironment()
  }
  return configured
}

/** @throws ConfigInvalidError naming the variables that are wrong */
function containerFromEnvironment(): Container {
  const { config, missing } = configFromEnvironment(process.env)
  try {
    return createIntegrationsContainer(config, { missingProviders: missing })
  } catch (error) {
    throw error instanceof ConfigInvalidError ? nameVariables(error) : error
  }
}

/** Makes the root functions work over `container`. Whoever made a container that is replaced closes it. */
export function configureIntegrations(container: Container): void {
  configured = container
}

/**
 * Waits for refreshes under way, so that no token a provider issued is lost, then closes what the container opened. Every
 * call made meanwhile waits for the same. Call it when the process is asked to end: the library installs no signal
 * handler. The next use after that builds a new container.
 */
export function closeIntegrations(): Promise<void> {
  closing ??= close().finally(() => {
    closing = undefined
  })
  return closing
}

async function close(): Promise<void> {
  const container = configured
  await container?.get(IDS.Shutdown).close()
  if (configured === container) configured = undefined
}
