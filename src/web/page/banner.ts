import { isProviderName, parseLabel } from '../../domain/model/identifiers.ts'
import type { ConnectionLabel } from '../../domain/model/identifiers.ts'
import { isOAuthClient } from '../../ports/provider-client.ts'
import type { HandlerContext } from '../handler-context.ts'
import { isSuccessCode, labelFields } from '../outcomes.ts'
import type { Outcome } from '../outcomes.ts'
import { postForm } from './forms.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'
import { failureWords, isFailureCode, successWords } from './words.ts'

/** The outcome of the form or flow that led here. Anything outside the fixed vocabulary is ignored. */
export function outcomeBanner(context: HandlerContext, query: URLSearchParams, token: string): Markup {
  const outcome = outcomeIn(query)
  const provider = outcome.get('integration')
  const result = outcome.get('result') ?? ''
  if (!isProviderName(provider)) return nothing
  const { name } = platformOf(context, provider)
  if (isSuccessCode(result)) {
    return html`<p class="cgk-banner cgk-good" role="status">${successWords(result, name)}</p>`
  }
  if (!isFailureCode(result)) return nothing
  const { what, advice } = failureWords(result, name)
  const label = labelOf(outcome)
  const isSwitch = result === 'account_changed' && label !== undefined && isOAuth(context, provider)
  return html`<div class="cgk-banner cgk-bad" role="alert">
    <p><strong>${what}</strong> ${advice}</p>
    ${isSwitch ? switchForm(context, { provider, label }, token) : nothing}
  </div>`
}

/** A platform that takes a key has its own form for that, on the connection's card. */
function isOAuth({ providers }: HandlerContext, provider: string): boolean {
  return providers.names().includes(provider) && isOAuthClient(providers.get(provider))
}

/** The end of the query, where `withOutcome` put it. The rest is the page's own query and may use the same names. */
function outcomeIn(query: URLSearchParams): URLSearchParams {
  const entries = [...query]
  return new URLSearchParams(entries.slice(entries.findLastIndex(([name]) => name === 'integration')))
}

function labelOf(outcome: URLSearchParams): ConnectionLabel | undefined {
  try {
    return parseLabel(outcome.get('label') ?? undefined)
  } catch {
    return undefined
  }
}

/** It must name the connection that was to be renewed: without the label it would replace another one. */
function switchForm(
  context: HandlerContext,
  { provider, label }: Pick<Outcome, 'provider' | 'label'>,
  token: string,
): Markup {
  return postForm({
    action: `${context.basePath}/${provider}/start`,
    token,
    fields: { ...labelFields(label), allowAccountChange: 'true' },
    content: html`<button class="cgk-button">Switch to another person or account</button>`,
  })
}
