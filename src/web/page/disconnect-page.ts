import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { openConnectionPage } from './connection-page.ts'
import { postForm } from './forms.ts'
import { pageResponse } from './layout.ts'
import { html } from './markup.ts'

/** Asks once more before a connection ends. */
export async function disconnectPage(
  context: HandlerContext,
  call: Call,
  provider: string,
): Promise<Response> {
  const page = await openConnectionPage(context, call, provider)
  const account = page.connection.selectedAccountName
  const revokes = context.providers.get(provider).traits.revocation !== 'none'
  const title = `Disconnect ${page.name}?`
  const form = postForm({
    action: `${context.basePath}/${provider}/disconnect`,
    token: page.token,
    fields: page.fields,
    className: 'cgk-actions',
    content: html`<button class="cgk-button cgk-danger">Disconnect ${page.name}</button>
      <a class="cgk-button" href="${page.back}">Keep it connected</a>`,
  })
  const main = html`<div class="cgk-narrow">
    <h1>${title}</h1>
    <p class="cgk-lead">
      ${account === undefined ? 'Access' : `Access to ${account}`} ends at once. Everything here that uses
      ${page.name} stops working until it is connected again.
    </p>
    <p>
      ${
        revokes
          ? `The stored credentials are deleted and ${page.name} is told to end access as well.`
          : `The stored credentials are deleted. To end access at ${page.name} as well, remove it there.`
      }
    </p>
    ${form}
  </div>`
  return pageResponse(context, { title, main, frame: page.frame }, { cookies: page.cookies })
}
