import { isOAuthClient } from '../../ports/provider-client.ts'
import type { HandlerContext } from '../handler-context.ts'
import type { Principal } from '../handler-options.ts'
import { htmlResponse } from '../responses.ts'
import type { ResponseExtras } from '../responses.ts'
import { html, trusted } from './markup.ts'
import type { Markup } from './markup.ts'
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

/** A whole document. */
export function layout(context: HandlerContext, page: Page): string {
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

/** A page with forms. Its own address is told to its own site, without which browsers send those forms as from nowhere. */
export function pageResponse(context: HandlerContext, page: Page, extras: ResponseExtras = {}): Response {
  return htmlResponse(layout(context, page), {
    ...extras,
    headers: {
      'content-security-policy': pagePolicy(context),
      'referrer-policy': 'same-origin',
      ...extras.headers,
    },
  })
}

/** Other hosts that a platform's own sign-in wanders through, beside that of its authorization endpoint. */
const SIGN_IN_HOSTS: Readonly<Record<string, string>> = {
  meta: 'https://*.facebook.com',
  google_ads: 'https://*.google.com',
  tiktok: 'https://*.tiktok.com',
}

function pagePolicy(context: HandlerContext): string {
  const formTargets = ["'self'", ...authorizationOrigins(context)]
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    // Browsers hold the redirects of a submitted form to this list as well, and starting one redirects to a platform.
    `form-action ${formTargets.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function authorizationOrigins({ providers }: HandlerContext): readonly string[] {
  const origins = providers.names().flatMap((name) => {
    const client = providers.get(name)
    if (!isOAuthClient(client)) return []
    const { origin } = new URL(client.authorizationUrl({ state: 'none', codeChallenge: 'none' }))
    const others = SIGN_IN_HOSTS[name]
    return others === undefined || origin.startsWith('http:') ? [origin] : [origin, others]
  })
  return [...new Set(origins)]
}
