import type { EmulatedApp } from './apps.ts'
import { authorizationOf, jsonAnswer } from './exchange.ts'
import type { Answer, Call } from './exchange.ts'

/** How a client may prove itself at a token endpoint. */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post'

/** The error answer of RFC 6749 section 5.2. */
export function oauthError(status: number, error: string, description?: string): Answer {
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="token"' } : {}
  return jsonAnswer(status, { error, ...(description ? { error_description: description } : {}) }, challenge)
}

/** Whether the request comes from the app, by one of the methods allowed (RFC 6749 section 2.3.1). */
export function isAuthenticClient(
  call: Call,
  app: EmulatedApp,
  allowed: readonly ClientAuthMethod[],
): boolean {
  const basic = authorizationOf(call, 'Basic')
  if (basic !== undefined) {
    const [id, secret] = Buffer.from(basic, 'base64').toString('utf8').split(':')
    return (
      allowed.includes('client_secret_basic') &&
      formDecoded(id) === app.clientId &&
      formDecoded(secret) === app.clientSecret
    )
  }
  return (
    allowed.includes('client_secret_post') &&
    call.form.get('client_id') === app.clientId &&
    call.form.get('client_secret') === app.clientSecret
  )
}

/** RFC 6749 section 2.3.1 encodes both halves like form fields; percent signs that encode nothing are kept. */
function formDecoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
