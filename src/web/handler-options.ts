import type { Container } from 'inversify'

import type { ProviderName } from '../domain/model/identifiers.ts'

/** Who sends a request, taken from the host's own session and from nothing else in the request. */
export interface Principal {
  readonly tenantId: string
  readonly userId: string
  /** Binds a connection that is being made to this session, not only to this user. */
  readonly sessionId?: string | undefined
}

/** `connect` is asked when a connection is started and again when it is completed. */
export type IntegrationAction = 'connect' | 'choose' | 'refresh' | 'disconnect'

/** What the handler must know of the host. */
export interface HandlerOptions {
  /** From `createIntegrationsContainer`, or the host's own with the library's modules loaded. */
  readonly container: Container
  /** Who is signed in; `null` when nobody is. */
  readonly authenticate: (request: Request) => Principal | null | Promise<Principal | null>
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
  /** Markup of the host's own that is put first in the body, such as its navigation. Trusted as it is. */
  readonly header?: ((principal: Principal, request: Request) => string | Promise<string>) | undefined
  /** The same, put last. */
  readonly footer?: ((principal: Principal, request: Request) => string | Promise<string>) | undefined
  /** Paths of further stylesheets of this site, for `header` and `footer`. */
  readonly stylesheets?: readonly string[] | undefined
  /** What the platforms are connected to, as its users call it. */
  readonly productName?: string | undefined
}

/** The Meta app whose signed requests are believed. */
export interface MetaCallbackOptions {
  readonly appId: string
  /** The current secret, and after a change the previous ones, for as long as links that they signed shall answer. */
  readonly appSecrets: readonly [current: string, ...previous: string[]]
}
