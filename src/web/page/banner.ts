import { isProviderName } from '../../domain/model/identifiers.ts'
import type { HandlerContext } from '../handler-context.ts'
import { isSuccessCode } from '../outcomes.ts'
import { postForm } from './forms.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'
import { providerNameOf } from './provider-name.ts'
import { failureWords, isFailureCode, successWords } from './words.ts'

/** What came of the form or flow that led here. Anything that is not of the fixed vocabulary is passed over. */
export function outcomeBanner(context: HandlerContext, query: URLSearchParams, token: string): Markup {
  const provider = query.getAll('integration').at(-1)
  const result = query.getAll('result').at(-1) ?? ''
  if (!isProviderName(provider)) return nothing
  const name = providerNameOf(context, provider)
  if (isSuccessCode(result)) {
    return html`<p class="cgk-banner cgk-good" role="status">${successWords(result, name)}</p>`
  }
  if (!isFailureCode(result)) return nothing
  const { what, advice } = failureWords(result, name)
  const isSwitch = result === 'account_changed' && context.providers.names().includes(provider)
  return html`<div class="cgk-banner cgk-bad" role="alert">
    <p><strong>${what}</strong> ${advice}</p>
    ${isSwitch ? switchForm(context, provider, token) : nothing}
  </div>`
}

function switchForm(context: HandlerContext, provider: string, token: string): Markup {
  return postForm({
    action: `${context.basePath}/${provider}/start`,
    token,
    fields: { allowAccountChange: 'true' },
    content: html`<button class="cgk-button">Switch to another person or account</button>`,
  })
}
