import type { Instant } from '../../domain/model/time.ts'
import type { HandlerContext } from '../handler-context.ts'
import { documentResponse } from './layout.ts'
import { html } from './markup.ts'
import { moment } from './moment.ts'

/** Tells a person who asked Meta to have their data deleted that this was done. */
export function deletionPage(context: HandlerContext, at: Instant): Response {
  return documentResponse(context, {
    title: 'Your data was deleted',
    main: html`<div class="cgk-narrow">
      <h1>Your data was deleted</h1>
      <p class="cgk-lead">
        The request that Meta passed on was carried out ${moment(at, context.clock.now())}: access to your
        account was ended and the stored credentials were removed.
      </p>
    </div>`,
  })
}
