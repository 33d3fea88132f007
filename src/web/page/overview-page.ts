import type { ConnectionState } from '../../application/use-cases/connection-statuses.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { DEFAULT_LABEL, parseTenantId } from '../../domain/model/identifiers.ts'
import { isPermitted, signedIn } from '../call.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { IntegrationAction, Principal } from '../handler-options.ts'
import { outcomeBanner } from './banner.ts'
import { connectionCard } from './connection-card.ts'
import { frameFor, pageResponse } from './layout.ts'
import { html } from './markup.ts'

const NO_PLATFORM = html`<p class="cgk-quiet">
  No platform is set up on this site yet. The people who run it can switch them on.
</p>`

/** Every platform with its state and what can be done about it. */
export async function overviewPage(context: HandlerContext, call: Call): Promise<Response> {
  const principal = await signedIn(context, call.request)
  const { token, cookies } = await context.guard.issue(call.request, principal)
  const states = await statesToShow(context, principal)
  const cards = await Promise.all(
    states.map(async (state) =>
      connectionCard(context, {
        state,
        token,
        connection: await connectionOf(context, principal, state),
        permitted: await actionsOf(context, principal, state.provider),
      }),
    ),
  )
  const product = context.page.productName
  const main = html`<header class="cgk-intro">
      <h1>Integrations</h1>
      <p class="cgk-lead">
        Connect ${product === undefined ? '' : `${product} to `}your advertising and e-mail platforms.
        Credentials are stored encrypted and renewed automatically, and you can end access here at any time.
      </p>
    </header>
    ${outcomeBanner(context, call.query, token)}
    ${cards.length > 0 ? html`<div class="cgk-grid">${cards}</div>` : NO_PLATFORM}`
  const frame = await frameFor(context, principal, call.request)
  return pageResponse(context, { title: 'Integrations', main, frame }, { cookies })
}

/** The platforms that can be used here, and whatever is connected. */
async function statesToShow(
  context: HandlerContext,
  principal: Principal,
): Promise<readonly ConnectionState[]> {
  const tenantId = parseTenantId(principal.tenantId)
  const configured = context.providers.names()
  return (await context.statuses.all(tenantId)).filter(({ label, provider, status }) => {
    if (isConnected(status)) return true
    return label === DEFAULT_LABEL && configured.includes(provider)
  })
}

function isConnected(status: ConnectionState['status']): boolean {
  return status !== 'not_connected' && status !== 'disconnected'
}

async function connectionOf(
  context: HandlerContext,
  principal: Principal,
  { provider, label, status }: ConnectionState,
): Promise<Connection | undefined> {
  if (!isConnected(status)) return undefined
  return context.connections.get({ tenantId: parseTenantId(principal.tenantId), provider, label })
}

const ACTIONS: readonly IntegrationAction[] = ['connect', 'choose', 'refresh', 'disconnect']

async function actionsOf(
  context: HandlerContext,
  principal: Principal,
  provider: string,
): Promise<ReadonlySet<IntegrationAction>> {
  const answers = await Promise.all(
    ACTIONS.map(async (action) => ({ action, is: await isPermitted(context, principal, provider, action) })),
  )
  return new Set(answers.filter(({ is }) => is).map(({ action }) => action))
}
