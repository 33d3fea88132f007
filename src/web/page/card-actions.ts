import { isOAuthClient } from '../../ports/provider-client.ts'
import type { HandlerContext } from '../handler-context.ts'
import { labelFields } from '../outcomes.ts'
import type { CardContent } from './connection-card.ts'
import { postForm } from './forms.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'

type Card = CardContent & { readonly name: string }

/** What can be done with a connection in its present state, the most likely action first. */
export function cardActions(context: HandlerContext, card: Card): Markup {
  const { state, name, permitted } = card
  const isOAuth = isOAuthClient(context.providers.get(state.provider))
  const needsSignIn = !state.connected
  const exists = state.connected || state.status === 'needs_reauth'
  const isChoosing = state.status === 'pending_account_selection'
  const may = (action: 'connect' | 'choose' | 'refresh' | 'disconnect'): boolean => permitted.has(action)
  const keyForm = !isOAuth && needsSignIn && may('connect') ? apiKeyForm(context, card) : nothing
  const signInAgain =
    isOAuth && state.connected && !isChoosing && may('connect')
      ? actionForm(context, card, {
          action: 'start',
          className: state.isExpiring ? 'cgk-primary' : 'cgk-plain',
          words: html`Sign in again${about(card)}`,
        })
      : nothing
  const actions = [
    isOAuth && needsSignIn && may('connect')
      ? actionForm(context, card, {
          action: 'start',
          className: 'cgk-primary',
          words: html`${state.status === 'needs_reauth' ? 'Reconnect' : 'Connect'} ${name}`,
        })
      : nothing,
    state.isExpiring ? signInAgain : nothing,
    exists && !needsSignIn && may('choose') ? chooseLink(context, card, isChoosing) : nothing,
    state.connected && !isChoosing && may('refresh')
      ? actionForm(context, card, { action: 'refresh', words: html`Check now${about(card)}` })
      : nothing,
    state.isExpiring ? nothing : signInAgain,
    exists && may('disconnect') ? disconnectLink(context, card) : nothing,
  ].filter((action) => action !== nothing)
  return html`${keyForm}${actions.length === 0 ? nothing : html`<div class="cgk-actions">${actions}</div>`}`
}

interface ActionButton {
  readonly action: string
  readonly words: Markup
  readonly className?: string
}

/** A button that does something to the connection of the card. */
function actionForm(
  context: HandlerContext,
  { state, token }: Card,
  { action, words, className = '' }: ActionButton,
): Markup {
  return postForm({
    action: `${context.basePath}/${state.provider}/${action}`,
    token,
    fields: labelFields(state.label),
    content: html`<button class="cgk-button ${className}">${words}</button>`,
  })
}

function chooseLink(context: HandlerContext, card: Card, isPrimary: boolean): Markup {
  const { state, connection } = card
  const className = isPrimary ? 'cgk-button cgk-primary' : 'cgk-button'
  if (connection?.details.audiences !== undefined) {
    return html`<a class="cgk-button" href="${pageLink(context, card, 'lists')}"
      >Choose lists${about(card)}</a
    >`
  }
  const hasChoice =
    context.providers.get(state.provider).traits.hasAccounts && (connection?.accounts.length ?? 0) > 1
  if (!hasChoice && !isPrimary) return nothing
  const words = isPrimary ? `Choose the ${platformOf(context, state.provider).accountNoun}` : 'Change account'
  return html`<a class="${className}" href="${pageLink(context, card, 'choose')}">${words}${about(card)}</a>`
}

function disconnectLink(context: HandlerContext, card: Card): Markup {
  const href = pageLink(context, card, 'disconnect')
  return html`<a class="cgk-button cgk-plain" href="${href}">Disconnect${about(card)}</a>`
}

function apiKeyForm(context: HandlerContext, card: Card): Markup {
  const { state, name } = card
  const id = `key-${state.provider}`
  return postForm({
    action: `${context.basePath}/${state.provider}/connect`,
    token: card.token,
    fields: labelFields(card.state.label),
    className: 'cgk-key',
    content: html`<label for="${id}">Private API key</label>
      <p class="cgk-hint" id="${id}-hint">
        In ${name}: Settings, then API keys, then Create private key, with read access to accounts, lists and
        segments. It begins with <code>pk_</code>.
      </p>
      <input
        id="${id}"
        name="privateApiKey"
        type="password"
        required
        autocomplete="off"
        spellcheck="false"
        maxlength="200"
        aria-describedby="${id}-hint"
      />
      ${state.needsReauth ? switchBox : nothing}
      <button class="cgk-button cgk-primary">${state.needsReauth ? 'Reconnect' : 'Connect'} ${name}</button>`,
  })
}

/** A key of another account than before needs explicit permission, just as signing in as another person does. */
const switchBox = html`<label class="cgk-hint">
  <input type="checkbox" name="allowAccountChange" value="true" /> Switch to the account of this key if it is
  not the same as before
</label>`

/** Every card has the same buttons; this tells users of screen readers which platform is meant. */
function about({ name }: Card): Markup {
  return html`<span class="cgk-unseen"> (${name})</span>`
}

function pageLink(context: HandlerContext, { state }: Card, page: string): string {
  const query = new URLSearchParams(labelFields(state.label)).toString()
  return `${context.pagePath ?? ''}/${state.provider}/${page}${query === '' ? '' : `?${query}`}`
}
