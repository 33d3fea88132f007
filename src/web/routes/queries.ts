import { NotConnectedError } from '../../domain/errors.ts'
import type { ProviderName } from '../../domain/model/identifiers.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../domain/model/identifiers.ts'
import { SECOND_MS } from '../../domain/model/time.ts'
import { connectionKey, signedIn } from '../call.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { jsonResponse } from '../responses.ts'
import { accountsPage, accountsQuery, connectionView, stateView } from '../views.ts'

/** The state of every connection of the tenant, and the token that this site's own scripts send with a change. */
export async function answerStatus(context: HandlerContext, call: Call): Promise<Response> {
  const principal = await signedIn(context, call.request)
  const states = await context.statuses.all(parseTenantId(principal.tenantId))
  const { token, cookies } = await context.guard.issue(call.request, principal)
  const isConfigured = (provider: string): boolean => context.providers.names().includes(provider)
  const integrations = states.map((state) => ({
    ...stateView(state),
    isConfigured: isConfigured(state.provider),
  }))
  return jsonResponse({ integrations, csrfToken: token }, { cookies })
}

/** One page of the accounts that a connection reaches, filtered by `q`. */
export async function answerAccounts(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const principal = await signedIn(context, call.request)
  const key = connectionKey(principal, provider, call.query.get('label') ?? undefined)
  const connection = await context.connections.get(key)
  if (connection === undefined) {
    throw new NotConnectedError(context.providers.get(provider).traits.displayName)
  }
  const { search, page } = accountsQuery(call.query)
  const { accounts, ...counts } = accountsPage(connection.accounts, search, page)
  return jsonResponse({ connection: connectionView(connection), accounts, ...counts })
}

const HEALTH_KEPT_MS = 2 * SECOND_MS

/**
 * Tells a load balancer whether the database answers and a key is available. Anybody may ask, so the answer is kept for a
 * moment.
 */
export function healthRoute(context: HandlerContext): () => Promise<Response> {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer: Promise<boolean> = Promise.resolve(false)
  return async () => {
    const now = context.clock.monotonicMs()
    if (now - askedAt > HEALTH_KEPT_MS) {
      askedAt = now
      answer = isReady(context)
    }
    const isHealthy = await answer
    return jsonResponse({ status: isHealthy ? 'ok' : 'unavailable' }, { status: isHealthy ? 200 : 503 })
  }
}

/** No tenant has this id, so the query costs a single index lookup. */
const NOBODY = parseTenantId('health')

async function isReady(context: HandlerContext): Promise<boolean> {
  try {
    await context.statuses.one(NOBODY, 'meta', DEFAULT_LABEL)
    return await context.readiness.isReady()
  } catch {
    return false
  }
}
