import type { Display } from '../flow-cookies.ts'
import type { HandlerContext } from '../handler-context.ts'
import { isSuccessCode, withOutcome } from '../outcomes.ts'
import type { ResultCode } from '../outcomes.ts'
import { htmlResponse, redirectResponse } from '../responses.ts'
import { layout } from './layout.ts'
import { html, trusted } from './markup.ts'
import { providerNameOf } from './provider-name.ts'
import { failureWords, successWords } from './words.ts'

export interface Outcome {
  readonly provider: string
  /** As it was decided at the start: nothing of where the outcome goes is read from the request that brings it. */
  readonly returnUrl: string
  readonly display: Display | undefined
  readonly result: ResultCode
  readonly cookies?: readonly string[] | undefined
}

/** Without an opener the page stays, with a link: many platforms cut the tie between the two windows. */
const SCRIPT = `const { origin, provider, status } = document.querySelector('[data-origin]').dataset
if (window.opener) {
  window.opener.postMessage({ type: 'integration_result', provider, status }, origin)
  window.close()
}`

/** Sends the browser on with the outcome; in a window that was opened for the flow, tells the window that opened it. */
export function outcomeResponse(context: HandlerContext, outcome: Outcome): Response {
  const { cookies = [], display, provider, result, returnUrl } = outcome
  const destination = withOutcome(returnUrl, provider, result)
  if (display !== 'popup') return redirectResponse(destination, { cookies })
  const hash = Buffer.from(context.digest.sha256(SCRIPT)).toString('base64')
  return htmlResponse(popupPage(context, outcome, destination), {
    cookies,
    headers: {
      'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    },
  })
}

function popupPage(
  context: HandlerContext,
  { provider, result, returnUrl }: Outcome,
  destination: string,
): string {
  const name = providerNameOf(context, provider)
  const what = isSuccessCode(result) ? successWords(result, name) : failureWords(result, name).what
  const { origin } = new URL(returnUrl, context.baseUrl)
  return layout(context, {
    title: what,
    main: html`<div class="cgk-narrow">
      <h1>${what}</h1>
      <p data-origin="${origin}" data-provider="${provider}" data-status="${result}">
        <a class="cgk-button" href="${destination}">Go back</a>
      </p>
      ${trusted(`<script>${SCRIPT}</script>`)}
    </div>`,
  })
}
