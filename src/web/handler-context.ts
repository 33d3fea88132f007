import { IDS } from '../application/container/identifiers.ts'
import type { CoreSettings } from '../application/container/core-module.ts'
import type { ProviderRegistry } from '../application/provider-registry.ts'
import type { AccessTokens } from '../application/use-cases/access-tokens.ts'
import type { ConnectionStatuses } from '../application/use-cases/connection-statuses.ts'
import type { Connections } from '../application/use-cases/connections.ts'
import { ConfigInvalidError } from '../domain/errors.ts'
import { isLoopback } from '../domain/model/loopback.ts'
import { MOUNT_PATH } from '../domain/model/mount-path.ts'
import type { Background } from '../ports/background.ts'
import type { Clock } from '../ports/clock.ts'
import type { Digest } from '../ports/digest.ts'
import type { DueConnections } from '../ports/due-connections.ts'
import type { Logger } from '../ports/logger.ts'
import type { Readiness } from '../ports/readiness.ts'
import { FlowCookies } from './flow-cookies.ts'
import type { HandlerOptions, MetaCallbackOptions, PageOptions, Principal } from './handler-options.ts'
import { checkedPrincipals } from './principal.ts'
import { SameSiteGuard } from './same-site-guard.ts'
import { WebKeys } from './web-keys.ts'

/** Everything the routes need, resolved once. */
export interface HandlerContext {
  readonly connections: Connections
  readonly statuses: ConnectionStatuses
  readonly accessTokens: AccessTokens
  readonly providers: ProviderRegistry
  readonly due: DueConnections
  readonly background: Background
  readonly clock: Clock
  readonly digest: Digest
  readonly logger: Logger
  readonly readiness: Readiness
  readonly allowedReturnOrigins: CoreSettings['allowedReturnOrigins']
  readonly guard: SameSiteGuard
  readonly flows: FlowCookies
  readonly keys: WebKeys
  readonly baseUrl: string
  readonly basePath: string
  /** Where the settings page is; absent when the host has its own. */
  readonly pagePath: string | undefined
  readonly page: PageOptions
  readonly authenticate: (request: Request) => Promise<Principal | null>
  readonly authorize: HandlerOptions['authorize']
  readonly metaCallbacks: HandlerOptions['metaCallbacks']
}

const DEFAULT_BASE_PATH = '/api/integrations'

/** @throws ConfigInvalidError naming every option that is not usable */
export function handlerContext(options: HandlerOptions): HandlerContext {
  const { container } = options
  const basePath = options.basePath ?? DEFAULT_BASE_PATH
  const pagePath = pagePathOf(options.page, basePath)
  const problems = [
    ...(isOrigin(options.baseUrl) ? [] : ['baseUrl: must be an origin such as https://app.example.com']),
    ...(MOUNT_PATH.test(basePath) ? [] : ['basePath: must be a path such as /api/integrations']),
    ...(pagePath === undefined || MOUNT_PATH.test(pagePath)
      ? []
      : ['page.path: must be a path such as /settings/integrations']),
    ...metaProblems(options.metaCallbacks),
  ]
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  const clock = container.get(IDS.Clock)
  const digest = container.get(IDS.Digest)
  const random = container.get(IDS.RandomSource)
  const keys = new WebKeys({ keys: container.get(IDS.StateKeys), digest })
  return {
    connections: container.get(IDS.Connections),
    statuses: container.get(IDS.ConnectionStatuses),
    accessTokens: container.get(IDS.AccessTokens),
    providers: container.get(IDS.ProviderRegistry),
    due: container.get(IDS.DueConnections),
    background: container.get(IDS.Background),
    logger: container.get(IDS.Logger),
    readiness: container.get(IDS.Readiness),
    allowedReturnOrigins: container.get(IDS.CoreSettings).allowedReturnOrigins,
    guard: new SameSiteGuard({ origin: new URL(options.baseUrl).origin, keys, random }),
    flows: new FlowCookies({ clock, digest, random, keys }),
    ...{ clock, digest, keys, basePath, pagePath },
    baseUrl: new URL(options.baseUrl).origin,
    page: typeof options.page === 'object' ? options.page : {},
    authenticate: checkedPrincipals(options.authenticate),
    authorize: options.authorize,
    metaCallbacks: options.metaCallbacks,
  }
}

function pagePathOf(page: HandlerOptions['page'], basePath: string): string | undefined {
  if (page === false) return undefined
  return typeof page === 'object' ? (page.path ?? basePath) : basePath
}

/** Checked at run time too: with an empty secret anybody could sign requests in Meta's name. */
function metaProblems(callbacks: MetaCallbackOptions | undefined): readonly string[] {
  if (callbacks === undefined) return []
  const { appId, appSecrets }: { readonly appId: unknown; readonly appSecrets: unknown } = callbacks
  const hasSecrets = Array.isArray(appSecrets) && appSecrets.length > 0 && appSecrets.every(isText)
  return [
    ...(isText(appId) ? [] : ['metaCallbacks.appId: must be the id of the Meta app']),
    ...(hasSecrets ? [] : ['metaCallbacks.appSecrets: must be a list of secrets, none of them empty']),
  ]
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  return isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
}
