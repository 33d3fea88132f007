import type { Failure } from '../failures.ts'
import type { HandlerContext } from '../handler-context.ts'
import { documentResponse } from './layout.ts'
import { html, nothing } from './markup.ts'
import { platformOf } from './platforms.ts'
import { failureWords } from './words.ts'

/** Says what happened and what to do, in our own words only, and links to the settings page. */
export function failurePage(
  context: HandlerContext,
  failure: Failure,
  about: { readonly provider?: string; readonly cookies?: readonly string[] } = {},
): Response {
  const name = about.provider === undefined ? 'The platform' : platformOf(context, about.provider).name
  const { what, advice } = failureWords(failure.code, name)
  const wayBack =
    context.pagePath === undefined
      ? nothing
      : html`<p><a class="cgk-button" href="${context.pagePath}">Go to the integrations page</a></p>`
  const page = {
    title: what,
    main: html`<div class="cgk-narrow">
      <h1>${what}</h1>
      <p class="cgk-lead" role="alert">${advice}</p>
      ${wayBack}
      <p class="cgk-fine">Code for support: <code>${failure.code}</code></p>
    </div>`,
  }
  const { headers, status } = failure
  return documentResponse(context, page, { status, headers, cookies: about.cookies ?? [] })
}
