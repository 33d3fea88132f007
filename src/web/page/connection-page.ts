import { NotConnectedError } from '../../domain/errors.ts'
import type { Connection } from '../../domain/model/connection.ts'
import { connectionKey, signedIn } from '../call.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { labelFields } from '../outcomes.ts'
import { postForm } from './forms.ts'
import { frameFor } from './layout.ts'
import type { Frame } from './layout.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'

/** What every page about a single connection needs. */
export interface ConnectionPage {
  readonly connection: Connection
  readonly name: string
  readonly token: string
  readonly cookies: readonly string[]
  /** Form fields that name the connection, if its provider alone does not. */
  readonly fields: Readonly<Record<string, string>>
  /** This page, without its query. */
  readonly self: string
  readonly back: string
  readonly frame: Frame
}

/** @throws Refusal when nobody is signed in, NotConnectedError when there is no such connection */
export async function openConnectionPage(
  context: HandlerContext,
  { request, query }: Call,
  provider: string,
): Promise<ConnectionPage> {
  const principal = await signedIn(context, request)
  const { name } = platformOf(context, provider)
  const key = connectionKey(principal, provider, query.get('label') ?? undefined)
  const connection = await context.connections.get(key)
  if (connection === undefined) throw new NotConnectedError(name)
  const { token, cookies } = await context.guard.issue(request, principal)
  return {
    ...{ connection, name, token, cookies },
    fields: labelFields(key.label),
    self: new URL(request.url).pathname,
    back: context.pagePath ?? '/',
    frame: await frameFor(context, principal, request),
  }
}

/** Asks the platform for its accounts or lists again, in case one is missing. */
export function askAgainForm(context: HandlerContext, page: ConnectionPage): Markup {
  return postForm({
    action: `${context.basePath}/${page.connection.provider}/accounts`,
    token: page.token,
    fields: page.fields,
    content: html`<p class="cgk-quiet">
      Is one missing? <button class="cgk-button cgk-plain">Ask ${page.name} again</button>
    </p>`,
  })
}
