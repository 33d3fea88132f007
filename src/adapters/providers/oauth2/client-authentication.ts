import type { ClientAuth } from 'oauth4webapi'

export interface ClientCredentials {
  readonly clientId: string
  /** Absent for a public client, which only names itself. */
  readonly clientSecret: string | undefined
  readonly clientIdParameter: string
  readonly method: 'basic' | 'post'
}

/** How the app proves itself at the token endpoint (RFC 6749 §2.3.1). */
export function clientAuthentication(credentials: ClientCredentials): ClientAuth {
  const { clientId, clientSecret, clientIdParameter, method } = credentials
  return (_server, _client, body, headers) => {
    if (clientSecret !== undefined && method === 'basic') {
      const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`
      headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
      return
    }
    body.set(clientIdParameter, clientId)
    if (clientSecret !== undefined) body.set('client_secret', clientSecret)
  }
}

/** Leaves `-`, `.` and `_` as they are: some platforms compare the header without decoding it. */
function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice('v='.length)
}
