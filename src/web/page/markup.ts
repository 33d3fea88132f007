/** Text that is already HTML. Only `html` and `trusted` make it, so that everything else gets escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Insertable = Markup | string | number | undefined | readonly Markup[]

/** HTML in which every inserted text is escaped, for content and for double-quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  const pieces = strings.map((string, index) => string + (index < values.length ? textOf(values[index]) : ''))
  return new Markup(pieces.join(''))
}

/** Markup that somebody else wrote and vouches for. */
export function trusted(text: string): Markup {
  return new Markup(text)
}

export const nothing = new Markup('')

function textOf(value: Insertable): string {
  if (value === undefined) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number') return String(value)
  return value.map(({ text }) => text).join('\n')
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
