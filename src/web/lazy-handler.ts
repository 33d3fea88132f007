import type { FetchHandler } from './integrations-handler.ts'

/**
 * A handler that `make` makes when the first request arrives, once: for a module that is loaded where nothing is configured
 * yet, as by `next build`. Where `make` fails the request rejects with its error, and the next one tries again.
 */
export function lazyHandler(make: () => FetchHandler | Promise<FetchHandler>): FetchHandler {
  let making: Promise<FetchHandler> | undefined
  return async (request) => {
    making ??= Promise.resolve()
      .then(make)
      .catch((error: unknown) => {
        making = undefined
        throw error
      })
    return (await making)(request)
  }
}
