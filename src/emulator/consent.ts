/** How a person answers a consent page. Whatever is left out stays as the page proposes it. */
export interface ConsentChoice {
  readonly person?: string
  readonly decision?: 'allow' | 'deny'
  /** The permissions left ticked. */
  readonly scopes?: readonly string[]
}

/** The platform showed a page of its own instead of sending the browser back to the app. */
export class ConsentRefusedError extends Error {
  override readonly name = 'ConsentRefusedError'
  readonly code = 'consent_refused'
  readonly status: number

  constructor(status: number, title: string) {
    super(`the platform did not ask for consent: ${title}`)
    this.status = status
  }
}

/**
 * Does with an authorization URL what a browser would: opens it, fills in the form, submits it.
 * Returns where the browser is sent. @throws ConsentRefusedError when there is no such form.
 */
export async function consent(authorizationUrl: string | URL, choice: ConsentChoice = {}): Promise<URL> {
  const opened = await fetch(authorizationUrl, { redirect: 'manual' })
  const immediate = opened.headers.get('location')
  if (immediate !== null) return new URL(immediate, authorizationUrl)
  const html = await opened.text()
  const action = /<form method="post" action="([^"]*)"/.exec(html)?.[1]
  if (!opened.ok || action === undefined) throw new ConsentRefusedError(opened.status, titleOf(html))
  const submitted = await fetch(new URL(unescapeHtml(action), authorizationUrl), {
    method: 'POST',
    redirect: 'manual',
    body: fillIn(html, choice),
  })
  const location = submitted.headers.get('location')
  if (location !== null) return new URL(location, authorizationUrl)
  const after = await submitted.text()
  const link = /<a href="([^"]*)"/.exec(after)?.[1]
  if (!submitted.ok || link === undefined) throw new ConsentRefusedError(submitted.status, titleOf(after))
  return new URL(unescapeHtml(link), authorizationUrl)
}

function fillIn(html: string, choice: ConsentChoice): URLSearchParams {
  const form = new URLSearchParams()
  for (const [tag] of html.matchAll(/<input [^>]*>/g)) {
    const name = attribute(tag, 'name')
    const value = attribute(tag, 'value')
    if (name === 'request') form.set(name, value)
    if (name === 'scope' && (choice.scopes?.includes(value) ?? true)) form.append(name, value)
    if (name === 'person' && choice.person === undefined && tag.includes(' checked')) form.set(name, value)
  }
  if (choice.person !== undefined) form.set('person', choice.person)
  form.set('decision', choice.decision ?? 'allow')
  return form
}

function attribute(tag: string, name: string): string {
  return unescapeHtml(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

function titleOf(html: string): string {
  return unescapeHtml(/<title>([^<]*)<\/title>/.exec(html)?.[1] ?? 'no page')
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
