import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { Call } from '../call.ts'
import { readEnding } from '../ending.ts'
import type { Ending } from '../ending.ts'
import type { HandlerContext } from '../handler-context.ts'
import { isSuccessCode, withOutcome } from '../outcomes.ts'
import { documentResponse } from './layout.ts'
import type { Page } from './layout.ts'
import { html, nothing, trusted } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'
import { failureWords, successWords } from './words.ts'

/** Without an opener the page stays open and shows a link: many platforms cut the connection between the two windows. */
const SCRIPT = `const { origin, provider, status } = document.querySelector('[data-origin]').dataset
if (window.opener) {
  window.opener.postMessage({ type: 'integration_result', provider, status }, origin)
  window.close()
}`

/** The last page of a flow that does not redirect back. In a popup it tells the opener the outcome and closes. */
export async function donePage(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const ending = await readEnding(context, provider, call.query)
  const hash = Buffer.from(context.digest.sha256(SCRIPT), 'base64url').toString('base64')
  return documentResponse(context, pageOf(context, ending), { allowed: [`script-src 'sha256-${hash}'`] })
}

function pageOf(context: HandlerContext, ending: Ending): Page {
  const { provider, result, returnUrl } = ending
  const { name } = platformOf(context, provider)
  const { what, advice } = isSuccessCode(result)
    ? { what: successWords(result, name), advice: '' }
    : failureWords(result, name)
  const back = returnUrl === undefined ? context.pagePath : withOutcome(returnUrl, ending)
  return {
    title: what,
    main: html`<div class="cgk-narrow">
      <h1>${what}</h1>
      ${returnUrl === undefined ? html`<p class="cgk-lead">${advice}</p>` : nothing}
      ${back === undefined ? nothing : html`<p><a class="cgk-button" href="${back}">Go back</a></p>`}
      ${messageOf(ending)}
    </div>`,
  }
}

function messageOf({ opener, provider, result }: Ending): Markup {
  if (opener === undefined) return nothing
  return html`<div hidden data-origin="${opener}" data-provider="${provider}" data-status="${result}"></div>
    ${trusted(`<script>${SCRIPT}</script>`)}`
}
