import type { AdAccount } from '../../domain/model/ad-account.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { DEFAULT_LABEL } from '../../domain/model/identifiers.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { ACCOUNTS_A_PAGE, accountsPage, accountsQuery } from '../views.ts'
import type { AccountsPage } from '../views.ts'
import { askAgainForm, openConnectionPage } from './connection-page.ts'
import type { ConnectionPage } from './connection-page.ts'
import { postForm } from './forms.ts'
import { pageResponse } from './layout.ts'
import { html, nothing } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'

/** Lets a person choose one of the accounts that the grant reaches. Search and paging work for thousands, without script. */
export async function choosePage(context: HandlerContext, call: Call, provider: string): Promise<Response> {
  const page = await openConnectionPage(context, call, provider)
  const { search, page: wanted } = accountsQuery(call.query)
  const found = accountsPage(page.connection.accounts, search, wanted)
  const title = `Choose the ${platformOf(context, provider).accountNoun} for ${page.name}`
  const main = html`<div class="cgk-narrow">
    <p><a href="${page.back}">Back to integrations</a></p>
    <h1>${title}</h1>
    ${page.connection.accounts.length > ACCOUNTS_A_PAGE || search !== '' ? searchForm(page, search) : nothing}
    <p class="cgk-quiet" role="status">${countWords(found, search)}</p>
    ${found.total === 0 ? nothing : accountForm(context, page, found)} ${pager(page, found, search)}
    ${askAgainForm(context, page)}
  </div>`
  return pageResponse(context, { title, main, frame: page.frame }, { cookies: page.cookies })
}

function searchForm({ connection, self }: ConnectionPage, search: string): Markup {
  return html`<form method="get" action="${self}" class="cgk-search" role="search">
    ${connection.label === DEFAULT_LABEL ? nothing : html`<input type="hidden" name="label" value="${connection.label}" />`}
    <label for="q">Find by name or number</label>
    <input id="q" name="q" type="search" value="${search}" maxlength="100" />
    <button class="cgk-button">Find</button>
  </form>`
}

function countWords({ total, page, accounts }: AccountsPage, search: string): string {
  const of = search === '' ? '' : ` matching “${search}”`
  if (total === 0) return `There are no accounts${of}.`
  if (total === accounts.length) return `${total} ${total === 1 ? 'account' : 'accounts'}${of}.`
  const from = (page - 1) * ACCOUNTS_A_PAGE + 1
  const to = from + accounts.length - 1
  return `${number(from)} to ${number(to)} of ${number(total)} accounts${of}.`
}

function accountForm(context: HandlerContext, page: ConnectionPage, { accounts }: AccountsPage): Markup {
  const { connection } = page
  const choices = accounts.map((account, index) => accountChoice(account, index, connection))
  return postForm({
    action: `${context.basePath}/${connection.provider}/select`,
    token: page.token,
    fields: page.fields,
    content: html`<fieldset class="cgk-choices">
        <legend class="cgk-unseen">Accounts</legend>
        ${choices}
      </fieldset>
      <div class="cgk-actions cgk-sticky">
        <button class="cgk-button cgk-primary">Use this account</button>
      </div>`,
  })
}

function accountChoice(account: AdAccount, index: number, connection: Connection): Markup {
  const checked = account.id === connection.selectedAccountId ? html` checked` : nothing
  const details = [
    account.id,
    account.currency,
    account.isManager === true ? 'manager' : undefined,
    account.isUsable ? undefined : 'not active at the platform',
  ].filter((detail) => detail !== undefined)
  return html`<label class="cgk-choice" for="account-${index}">
    <input type="radio" id="account-${index}" name="accountId" value="${account.id}" required${checked} />
    <span
      ><span class="cgk-choice-name">${account.name ?? 'No name'}</span>
      <span class="cgk-id">${details.join(' · ')}</span></span
    >
  </label>`
}

function pager(page: ConnectionPage, { page: at, pages }: AccountsPage, search: string): Markup {
  if (pages === 1) return nothing
  const link = (to: number, words: string, rel: string): Markup => {
    const query = new URLSearchParams({
      ...page.fields,
      ...(search === '' ? {} : { q: search }),
      page: String(to),
    })
    return html`<a class="cgk-button" rel="${rel}" href="${page.self}?${query.toString()}">${words}</a>`
  }
  return html`<nav class="cgk-pager" aria-label="Pages of accounts">
    ${at > 1 ? link(at - 1, 'Previous', 'prev') : nothing}
    <span>Page ${number(at)} of ${number(pages)}</span>
    ${at < pages ? link(at + 1, 'Next', 'next') : nothing}
  </nav>`
}

function number(value: number): string {
  return value.toLocaleString('en')
}
