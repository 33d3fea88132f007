import type { ProviderName } from '../../domain/model/identifiers.ts'
import type { Call } from '../call.ts'
import { readEnding } from '../ending.ts'
import type { Ending } from '../ending.ts'
import type { HandlerContext } from '../handler-context.ts'
import { isSuccessCode, withOutcome } from '../outcomes.ts'
import { htmlResponse } from '../responses.ts'
import { layout } from './layout.ts'
import { html, trusted } from './markup.ts'
import { providerNameOf } from './provider-name.ts'
import { failureWords, successWords } from './words.ts'

/** Without an opener the page stays, with a link: many platforms cut the tie between the two windows. */
const SCRIPT = `const { origin, provider, status } = document.querySelector('[data-origin]').dataset
if (window.opener) {
  window.opener.postMessage({ type: 'integration_result', provider, status }, origin)
  window.close()
}`

/** The last page of a window that was opened for a flow: tells the window that opened it, and closes. */
export async function donePage(
  context: HandlerContext,
  call: Call,
  provider: ProviderName,
): Promise<Response> {
  const ending = await readEnding(context, provider, call.query)
  const hash = Buffer.from(context.digest.sha256(SCRIPT)).toString('base64')
  return htmlResponse(documentOf(context, ending), {
    headers: {
      'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    },
  })
}

function documentOf(context: HandlerContext, { opener, provider, result, returnUrl }: Ending): string {
  const name = providerNameOf(context, provider)
  const what = isSuccessCode(result) ? successWords(result, name) : failureWords(result, name).what
  return layout(context, {
    title: what,
    main: html`<div class="cgk-narrow">
      <h1>${what}</h1>
      <p data-origin="${opener}" data-provider="${provider}" data-status="${result}">
        <a class="cgk-button" href="${withOutcome(returnUrl, provider, result)}">Go back</a>
      </p>
      ${trusted(`<script>${SCRIPT}</script>`)}
    </div>`,
  })
}
