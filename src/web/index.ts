export type {
  HandlerOptions,
  IntegrationAction,
  MetaCallbackOptions,
  PageOptions,
  Principal,
} from './handler-options.ts'
export { createIntegrationsHandler } from './integrations-handler.ts'
export type { FetchHandler } from './integrations-handler.ts'
export { lazyHandler } from './lazy-handler.ts'
export { toNextRouteHandlers } from './next-route-handlers.ts'
export type { NextRouteHandlers } from './next-route-handlers.ts'
export { nodeRequestOf, toNodeHandler } from './node-handler.ts'
export type { NodeHandler } from './node-handler.ts'
export type { ResultCode } from './outcomes.ts'
