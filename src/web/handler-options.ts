import type { Container } from 'inversify'

import type { ProviderName } from '../domain/model/identifiers.ts'

/** The sender of a request, as the host's own session says and nothing else in the request. */
export interface Principal {
  readonly tenantId: string
  readonly userId: string
  /** Binds a connection that is being made to this session, not only to this user. */
  readonly sessionId?: string | undefined
}

/** `connect` is asked when a connection is started and again when it is completed. */
export type IntegrationAction = 'connect' | 'choose' | 'refresh' | 'disconnect'

/** What the handler needs to know about the host. */
export interface HandlerOptions {
  /** From `createIntegrationsContainer`, or the host's own with the library's modules loaded. */
  readonly container: Container
  /** Who is signed in; `null` or `undefined` when nobody is. A principal without a tenant or a user is answered with HTTP 500. */
  readonly authenticate: (
    request: Request,
  ) => Principal | null | undefined | Promise<Principal | null | undefined>
  /** Whether this principal may do this at this provider; without it every signed-in user may. */
  readonly authorize?:
    | ((
        principal: Principal,
        provider: ProviderName,
        action: IntegrationAction,
      ) => boolean | Promise<boolean>)
    | undefined
  /** The origin at which browsers reach the host: `https://app.example.com`. Never derived from a request. */
  readonly baseUrl: string
  /** `/api/integrations` unless given; the same as the container's. */
  readonly basePath?: string | undefined
  /** The settings page: at `basePath` unless `path` says where; `false` for a host with a page of its own. */
  readonly page?: boolean | PageOptions | undefined
  /** Answers Meta's deauthorize and data-deletion callbacks. */
  readonly metaCallbacks?: MetaCallbackOptions | undefined
}

/** Where the settings page is and what it looks like. */
export interface PageOptions {
  /** `/settings/integrations`: the host routes it, and everything below it, to the handler. */
  readonly path?: string | undefined
  /** The host's own markup at the start of the body, such as its navigation. It is not escaped. */
  readonly header?: ((principal: Principal, request: Request) => string | Promise<string>) | undefined
  /** The same for the end of the body. */
  readonly footer?: ((principal: Principal, request: Request) => string | Promise<string>) | undefined
  /** Paths of further stylesheets of this site, for `header` and `footer`. */
  readonly stylesheets?: readonly string[] | undefined
  /** What users call the product that the platforms are connected to. */
  readonly productName?: string | undefined
}

/** The Meta app whose signed requests are accepted. */
export interface MetaCallbackOptions {
  readonly appId: string
  /** The current secret first. After a change keep the previous ones for as long as links that they signed should work. */
  readonly appSecrets: readonly [current: string, ...previous: string[]]
}
