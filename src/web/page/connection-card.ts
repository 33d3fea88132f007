import type { ConnectionState } from '../../application/use-cases/connection-statuses.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { DEFAULT_LABEL } from '../../domain/model/identifiers.ts'
import { isOAuthClient } from '../../ports/provider-client.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { IntegrationAction } from '../handler-options.ts'
import { cardActions } from './card-actions.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'
import { moment } from './moment.ts'
import { platformOf } from './platforms.ts'
import { failureWords, isFailureCode, reauthWords } from './words.ts'

export interface CardContent {
  readonly state: ConnectionState
  readonly connection: Connection | undefined
  readonly permitted: ReadonlySet<IntegrationAction>
  readonly token: string
}

type Standing = 'good' | 'attention' | 'bad' | 'off'

/** One connection: its state in words, and what can be done about it. */
export function connectionCard(context: HandlerContext, content: CardContent): Markup {
  const { state } = content
  const { name } = platformOf(context, state.provider)
  const title = state.label === DEFAULT_LABEL ? name : `${name}: ${state.label}`
  const id = `card-${state.provider}-${Buffer.from(state.label).toString('hex').slice(0, 16)}`
  const isConfigured = context.providers.names().includes(state.provider)
  const { standing, words } = standingOf(state, isConfigured)
  return html`<section class="cgk-card" aria-labelledby="${id}">
    <div class="cgk-card-head">
      <span class="cgk-mark cgk-mark-${state.provider}" aria-hidden="true">${name.slice(0, 1)}</span>
      <h2 id="${id}">${title}</h2>
      <span class="cgk-pill cgk-${standing}">${words}</span>
    </div>
    ${isConfigured ? notice(context, content, name) : nothing}
    ${isConfigured ? facts(context, content) : nothing}
    ${
      isConfigured
        ? cardActions(context, { ...content, name })
        : html`<p class="cgk-quiet">
            Not set up on this site now. The people who run it can switch it on again.
          </p>`
    }
  </section>`
}

function standingOf(
  { status, lastError, isExpiring }: ConnectionState,
  isConfigured: boolean,
): { readonly standing: Standing; readonly words: string } {
  if (!isConfigured) return { standing: 'off', words: 'Not available' }
  switch (status) {
    case 'active':
      if (lastError !== null) return { standing: 'attention', words: 'Connected, with a problem' }
      return isExpiring
        ? { standing: 'attention', words: 'Reconnect soon' }
        : { standing: 'good', words: 'Connected' }
    case 'pending_account_selection':
      return { standing: 'attention', words: 'Choose an account' }
    case 'needs_reauth':
      return { standing: 'bad', words: 'Reconnect needed' }
    case 'disconnected':
    case 'not_connected':
      return { standing: 'off', words: 'Not connected' }
  }
}

function notice(context: HandlerContext, { state, connection }: CardContent, name: string): Markup {
  if (state.status === 'needs_reauth') {
    return html`<p class="cgk-notice cgk-bad">
      ${reauthWords(state.reauthReason, name)} Reconnect to restore access.
    </p>`
  }
  if (state.status === 'pending_account_selection') {
    const count = connection?.accounts.length ?? 0
    return html`<p class="cgk-notice cgk-attention">
      The sign-in worked and gives access to ${count.toLocaleString('en')} accounts. Choose the
      ${platformOf(context, state.provider).accountNoun} to work with.
    </p>`
  }
  if (!state.connected) return introduction(context, state)
  const end = state.isExpiring ? expiring(context, state, name) : nothing
  return html`${end}${state.lastError === null ? nothing : failure(state.lastError, name)}`
}

function failure(lastError: string, name: string): Markup {
  const code = isFailureCode(lastError) ? lastError : 'internal_error'
  const { what, advice } = failureWords(code, name)
  return html`<p class="cgk-notice cgk-attention"><strong>At the last check:</strong> ${what} ${advice}</p>`
}

/** Renewing the token does not put this off. */
function expiring(context: HandlerContext, { grantExpiresAt }: ConnectionState, name: string): Markup {
  if (grantExpiresAt === null) return nothing
  const now = context.clock.now()
  const [verb, advice] =
    grantExpiresAt > now
      ? ['ends', 'Sign in again before then, and nothing is interrupted.']
      : ['ended', 'Sign in again to restore it.']
  return html`<p class="cgk-notice cgk-attention">
    Access to ${name} ${verb} ${moment(grantExpiresAt, now)}. ${advice}
  </p>`
}

function introduction(context: HandlerContext, { status, provider }: ConnectionState): Markup {
  if (status === 'active') return nothing
  return html`<p class="cgk-quiet">${platformOf(context, provider).introduction}</p>`
}

function facts(context: HandlerContext, { state, connection }: CardContent): Markup {
  if (connection === undefined) return nothing
  const now = context.clock.now()
  const { selectedAccountId: id } = connection
  const account =
    state.status === 'pending_account_selection'
      ? undefined
      : html`${state.accountName ?? 'No name'}${id === undefined ? nothing : html` <span class="cgk-id">${id}</span>`}`
  const lists = connection.details.audiences === undefined ? undefined : chosenLists(connection)
  const checked = state.lastSyncAt === null ? html`not yet` : moment(state.lastSyncAt, now)
  return html`<dl class="cgk-facts">
    ${fact('Account', account)} ${fact('Signed in as', signedInAs(state, connection))} ${fact('Lists', lists)}
    ${fact('Access', state.connected ? access(context, state) : undefined)} ${fact('Last checked', checked)}
  </dl>`
}

function fact(term: string, description: Markup | undefined): Markup {
  return description === undefined
    ? nothing
    : html`<div>
        <dt>${term}</dt>
        <dd>${description}</dd>
      </div>`
}

function signedInAs(state: ConnectionState, { subject }: Connection): Markup | undefined {
  const name = subject?.name
  return name === undefined || name === state.accountName ? undefined : html`${name}`
}

function chosenLists({ details }: Connection): Markup {
  const nameOf = (id: string | undefined): string =>
    id === undefined
      ? 'none chosen'
      : (details.audiences?.find((one) => one.id === id)?.name ?? 'one that no longer exists')
  return html`E-mail: ${nameOf(details.emailListId)} · SMS: ${nameOf(details.smsListId)}`
}

/** When a token expires matters to people only if no end of the grant is known. */
function access(context: HandlerContext, state: ConnectionState): Markup {
  const { provider, grantExpiresAt, tokenExpiresAt } = state
  const client = context.providers.get(provider)
  const now = context.clock.now()
  if (grantExpiresAt !== null)
    return html`${grantExpiresAt <= now ? 'Ended' : 'Ends'} ${moment(grantExpiresAt, now)}`
  if (tokenExpiresAt === null)
    return html`${isOAuthClient(client) ? 'No end date' : 'Until the key is deleted'}`
  if (tokenExpiresAt <= now) return html`Expired ${moment(tokenExpiresAt, now)}; renewed at the next use`
  return html`Renewed automatically; this token expires ${moment(tokenExpiresAt, now)}`
}
