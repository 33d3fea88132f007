import type { Audience } from '../../domain/model/ad-account.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { askAgainForm, openConnectionPage } from './connection-page.ts'
import { postForm } from './forms.ts'
import { pageResponse } from './layout.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'

/** Which Klaviyo lists take new subscribers of e-mail and of SMS. */
export async function listsPage(context: HandlerContext, call: Call, provider: string): Promise<Response> {
  const page = await openConnectionPage(context, call, provider)
  const { audiences = [], emailListId, smsListId } = page.connection.details
  const lists = audiences.filter(({ kind }) => kind === 'list')
  const form = postForm({
    action: `${context.basePath}/${provider}/lists`,
    token: page.token,
    fields: page.fields,
    className: 'cgk-stack',
    content: html`${listSelect({ name: 'emailListId', label: 'E-mail list', lists, chosen: emailListId })}
      ${listSelect({ name: 'smsListId', label: 'SMS list', lists, chosen: smsListId })}
      <div class="cgk-actions"><button class="cgk-button cgk-primary">Save</button></div>`,
  })
  const title = `Choose lists for ${page.name}`
  const main = html`<div class="cgk-narrow">
    <p><a href="${page.back}">Back to integrations</a></p>
    <h1>${title}</h1>
    <p class="cgk-quiet" role="status">${countWords(lists.length, page.name)}</p>
    ${form} ${askAgainForm(context, page)}
  </div>`
  return pageResponse(context, { title, main, frame: page.frame }, { cookies: page.cookies })
}

function countWords(count: number, name: string): string {
  if (count === 0) return `This account has no lists yet. Create one at ${name} first.`
  return count === 1 ? '1 list.' : `${count} lists.`
}

interface ListSelect {
  readonly name: string
  readonly label: string
  readonly lists: readonly Audience[]
  readonly chosen: string | undefined
}

function listSelect({ name, label, lists, chosen }: ListSelect): Markup {
  const options = lists.map(
    ({ id, name: text, optIn }) =>
      html`<option value="${id}" ${id === chosen ? html` selected` : nothing}>
        ${text}${optIn === undefined ? '' : ` (${optIn.replaceAll('_', ' ')})`}
      </option>`,
  )
  return html`<p>
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      <option value="">None</option>
      ${options}
    </select>
  </p>`
}
