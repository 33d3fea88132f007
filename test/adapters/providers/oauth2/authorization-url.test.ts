import { expect, test } from 'vitest'
import { acmeClient, redirectUri } from './standard-definition.ts'

const base = 'https://ads.acme.example'
const request = { state: 's t+ate', codeChallenge: 'challenge' }

function queryOf(url: string): Record<string, string> {
  return Object.fromEntries(new URL(url).searchParams)
}

test('carries what RFC 6749 and RFC 7636 ask for, and nothing else', () => {
  const url = acmeClient(base).authorizationUrl(request)
  expect(url.startsWith(`${base}/authorize?`)).toBe(true)
  expect(queryOf(url)).toEqual({
    response_type: 'code',
    client_id: 'client-1',
    redirect_uri: redirectUri,
    scope: 'ads.read ads.write',
    state: 's t+ate',
    code_challenge: 'challenge',
    code_challenge_method: 'S256',
  })
})

test('writes a space as %20, which every platform reads as a space', () => {
  expect(acmeClient(base).authorizationUrl(request)).toContain('scope=ads.read%20ads.write')
})

test('joins scopes as the platform wants them', () => {
  const scopes = ['a', 'b']
  const commas = acmeClient(base, { authorization: { scopes, scopeSeparator: ',' } })
  expect(queryOf(commas.authorizationUrl(request))['scope']).toBe('a,b')
  const none = acmeClient(base, { authorization: { scopes, scopeSeparator: 'none' } })
  expect(queryOf(none.authorizationUrl(request))).not.toHaveProperty('scope')
})

test('keeps the query of the endpoint, and lets no part of it stand for the protocol', () => {
  const endpoints = { authorization: `${base}/authorize?tenant=common&state=mine`, token: `${base}/token` }
  expect(queryOf(acmeClient(base, { endpoints }).authorizationUrl(request))).toMatchObject({
    tenant: 'common',
    state: 's t+ate',
  })
})

test('adds the parameters of the platform', () => {
  const client = acmeClient(base, { authorization: { parameters: { duration: 'permanent' } } })
  expect(queryOf(client.authorizationUrl(request))).toMatchObject({ duration: 'permanent' })
})

test('names the client as the platform calls it', () => {
  const client = acmeClient(base, { authorization: { clientIdParameter: 'client_key' } })
  const query = queryOf(client.authorizationUrl(request))
  expect(query['client_key']).toBe('client-1')
  expect(query).not.toHaveProperty('client_id')
})

test('has no challenge where the platform has no PKCE', () => {
  const client = acmeClient(base, {
    authorization: { pkce: { method: 'none', because: 'it is not supported' } },
  })
  expect(queryOf(client.authorizationUrl(request))).not.toHaveProperty('code_challenge')
})
