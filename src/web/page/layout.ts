import { isOAuthClient } from '../../ports/provider-client.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { Principal } from '../handler-options.ts'
import { htmlResponse } from '../responses.ts'
import type { ResponseExtras } from '../responses.ts'
import { html, trusted } from './markup.ts'
import type { Markup } from './markup.ts'
import { platformOf } from './platforms.ts'
import { stylesheetPath } from './stylesheet.ts'

export interface Page {
  readonly title: string
  readonly main: Markup
  readonly frame?: Frame | undefined
}

/** The host's own markup around ours. */
export interface Frame {
  readonly header: Markup
  readonly footer: Markup
}

export async function frameFor(
  context: HandlerContext,
  principal: Principal,
  request: Request,
): Promise<Frame> {
  const [header, footer] = await Promise.all([
    context.page.header?.(principal, request),
    context.page.footer?.(principal, request),
  ])
  return { header: trusted(header ?? ''), footer: trusted(footer ?? '') }
}

export interface DocumentExtras extends ResponseExtras {
  /** Further directives that this page needs in its policy, such as `script-src 'sha256-…'`. */
  readonly allowed?: readonly string[]
}

/** Answers with a whole document. Its policy allows the stylesheets that the document links, and what the page adds. */
export function documentResponse(
  context: HandlerContext,
  page: Page,
  { allowed = [], headers, ...extras }: DocumentExtras = {},
): Response {
  const policy = [
    "default-src 'none'",
    ...allowed,
    "style-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return htmlResponse(documentOf(context, page), {
    ...extras,
    headers: { 'content-security-policy': policy.join('; '), ...headers },
  })
}

/**
 * A page with forms. It sends its referrer within the site: without one, browsers submit forms with the origin `null`.
 */
export function pageResponse(context: HandlerContext, page: Page, extras: ResponseExtras = {}): Response {
  const formTargets = ["'self'", ...authorizationOrigins(context)]
  return documentResponse(context, page, {
    ...extras,
    // Browsers hold the redirects of a submitted form to this list as well, and starting one redirects to a platform.
    allowed: [`form-action ${formTargets.join(' ')}`, "img-src 'self'"],
    headers: { 'referrer-policy': 'same-origin', ...extras.headers },
  })
}

function documentOf(context: HandlerContext, page: Page): string {
  const sheets = [stylesheetPath(context.basePath), ...(context.page.stylesheets ?? [])]
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title}</title>
        ${sheets.map((path) => html`<link rel="stylesheet" href="${path}" />`)}
      </head>
      <body>
        <a class="cgk-skip" href="#main">Skip to content</a>
        ${page.frame?.header}
        <main id="main" class="cgk">${page.main}</main>
        ${page.frame?.footer}
      </body>
    </html> `
  return document.text
}

function authorizationOrigins(context: HandlerContext): readonly string[] {
  const { providers } = context
  const origins = providers.names().flatMap((name) => {
    const client = providers.get(name)
    if (!isOAuthClient(client)) return []
    const { origin } = new URL(client.authorizationUrl({ state: 'none', codeChallenge: 'none' }))
    return origin.startsWith('http:') ? [origin] : [origin, ...platformOf(context, name).signInHosts]
  })
  return [...new Set(origins)]
}
