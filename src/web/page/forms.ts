import { html } from './markup.ts'
import type { Markup } from './markup.ts'

export interface PostForm {
  readonly action: string
  readonly token: string
  /** Hidden fields. */
  readonly fields?: Readonly<Record<string, string>>
  readonly content: Markup
  readonly className?: string
}

/** A form that changes something. It works without script and carries the proof that it belongs to this session. */
export function postForm({ action, token, fields = {}, content, className = '' }: PostForm): Markup {
  const hidden = Object.entries({ csrfToken: token, ...fields }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )
  return html`<form method="post" action="${action}" class="${className}">${hidden} ${content}</form>`
}
