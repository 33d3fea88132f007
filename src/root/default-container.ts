import type { Container, ServiceIdentifier } from 'inversify'
import { IDS } from '../application/container/identifiers.ts'

let configured: Container | undefined
let building: Promise<void> | undefined
let closing: Promise<void> | undefined

/**
 * The container of the root functions: the host's own, or one built from the environment when it is first needed. What it
 * is built of (database and Redis clients, validation) is loaded then too, so that importing the root costs little.
 * @throws ConfigInvalidError naming the variables that are wrong
 */
export async function defaultContainer(): Promise<Container> {
  while (configured === undefined) {
    building ??= build().finally(() => {
      building = undefined
    })
    await building
  }
  return configured
}

/** What is bound to `id` in that container; at once where it is there, because every token that is read comes by here. */
export function service<T>(id: ServiceIdentifier<T>): T | Promise<T> {
  return configured === undefined ? defaultContainer().then((built) => built.get(id)) : configured.get(id)
}

async function build(): Promise<void> {
  const { createIntegrationsContainerFromEnvironment } =
    await import('../application/container/from-environment.ts')
  configured ??= createIntegrationsContainerFromEnvironment()
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
  // Who asked before the end gets a container that ends with it.
  await building?.catch(() => undefined)
  const container = configured
  await container?.get(IDS.Shutdown).close()
  if (configured === container) configured = undefined
}
