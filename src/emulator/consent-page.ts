import { htmlAnswer } from './exchange.ts'
import type { Answer } from './exchange.ts'

/** What a consent page asks. */
export interface ConsentRequest {
  readonly platformName: string
  readonly appName: string
  /** Where the form goes; it carries the authorization request itself in `parameters`. */
  readonly action: string
  readonly parameters: URLSearchParams
  readonly people: readonly { readonly id: string; readonly name: string; readonly about: string }[]
  readonly scopes: readonly { readonly id: string; readonly label: string }[]
  /** Chosen beforehand, by a login hint for example. */
  readonly chosen?: string | undefined
}

/** What the person decided on the page. */
export interface ConsentDecision {
  readonly isAllowed: boolean
  readonly person: string
  readonly ticked: readonly string[]
}

const style = `:root{color-scheme:light dark;font-family:system-ui,sans-serif}
body{max-width:34rem;margin:2rem auto;padding:0 1rem;line-height:1.5}
fieldset{margin:1rem 0;border:1px solid GrayText;border-radius:.5rem}
label{display:block;padding:.25rem 0}small{display:block;margin-left:1.6rem}
button{font:inherit;padding:.5rem 1.5rem;margin-right:.5rem}:focus-visible{outline:3px solid Highlight}`

/** A page that a person, a keyboard, a screen reader or a headless browser can fill in. No script. */
export function consentPage(request: ConsentRequest): Answer {
  const people = request.people.map((person, index) => {
    const isChosen = request.chosen === undefined ? index === 0 : request.chosen === person.id
    return choice({ type: 'radio', name: 'person', value: person.id, isChosen }, person.name, person.about)
  })
  const scopes = request.scopes.map(({ id, label }) =>
    choice({ type: 'checkbox', name: 'scope', value: id, isChosen: true }, label, id),
  )
  const permissions = scopes.length > 0 ? fieldset('What may the app do?', scopes) : ''
  const hidden = `<input type="hidden" name="request" value="${escapeHtml(request.parameters.toString())}">`
  return page(
    `${request.appName} wants to connect to ${request.platformName}`,
    `<p>This is an emulation on your own machine: nothing here reaches ${escapeHtml(request.platformName)}.</p>
<form method="post" action="${escapeHtml(request.action)}">${hidden}
${fieldset('Who is signing in?', people)}
${permissions}
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
</form>`,
  )
}

/** The platform's own page for what it will not send back to the app. */
export function refusalPage(title: string, detail: string): Answer {
  return { ...page(title, `<p role="alert">${escapeHtml(detail)}</p>`), status: 400 }
}

/** A page of the platform with one link on it. */
export function linkPage(title: string, link: { readonly href: string; readonly text: string }): Answer {
  return page(title, `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>`)
}

export function readDecision(form: URLSearchParams): ConsentDecision {
  return {
    isAllowed: form.get('decision') === 'allow',
    person: form.get('person') ?? '',
    ticked: form.getAll('scope'),
  }
}

/** The authorization request that the submitted form belongs to. */
export function readRequest(form: URLSearchParams): URLSearchParams {
  return new URLSearchParams(form.get('request') ?? '')
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function page(title: string, content: string): Answer {
  return htmlAnswer(
    200,
    `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body></html>`,
  )
}

function fieldset(legend: string, choices: readonly string[]): string {
  return `<fieldset><legend>${legend}</legend>\n${choices.join('\n')}\n</fieldset>`
}

function choice(
  input: { readonly type: string; readonly name: string; readonly value: string; readonly isChosen: boolean },
  label: string,
  about: string,
): string {
  const checked = input.isChosen ? ' checked' : ''
  const attributes = `type="${input.type}" name="${input.name}" value="${escapeHtml(input.value)}"${checked}`
  return `<label><input ${attributes}> ${escapeHtml(label)}<small>${escapeHtml(about)}</small></label>`
}
