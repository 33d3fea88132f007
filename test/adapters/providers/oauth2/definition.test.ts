import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'
import { acmeDefinition } from './standard-definition.ts'

const base = 'https://ads.acme.example'

function problemsOf(definition: unknown, options = {}): readonly string[] {
  try {
    parseDefinition(definition, options)
    return []
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems
    throw error
  }
}

describe('a definition', () => {
  test('of a plain platform needs only names and endpoints, and assumes the safe side of the rest', () => {
    const { revocation: _, authorization: __, ...least } = acmeDefinition(base)
    const parsed = parseDefinition(least)
    expect(parsed.authorization.pkce).toEqual({ method: 'S256' })
    expect(parsed.authorization.codeParameters).toEqual(['code'])
    expect(parsed.rotation).toEqual({ kind: 'unknown' })
    expect(parsed.token.clientAuthentication).toBe('basic')
  })

  test('is refused with every problem named at once', () => {
    const problems = problemsOf({
      ...acmeDefinition(base),
      provider: 'Not A Name',
      displayName: '',
      surprise: true,
      rotation: { kind: 'grace' },
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['provider', 'displayName', 'rotation.graceMs', 'definition']),
    )
  })

  test.each([
    'state',
    'redirect_uri',
    'client_id',
    'response_type',
    'code_challenge',
    'code_challenge_method',
    'scope',
    'request_uri',
    'STATE',
    '__proto__',
    'constructor',
  ])('may not set the authorization parameter %s', (name) => {
    const parameters: unknown = JSON.parse(`{"${name}":"x"}`)
    expect(problemsOf({ ...acmeDefinition(base), authorization: { parameters } })).toEqual([
      `authorization.parameters: ${name} belongs to the protocol`,
    ])
  })

  test.each(['grant_type', 'code', 'client_secret', 'refresh_token', 'code_verifier', '__proto__'])(
    'may not set the token parameter %s',
    (name) => {
      const refreshParameters: unknown = JSON.parse(`{"${name}":"x"}`)
      expect(problemsOf({ ...acmeDefinition(base), token: { refreshParameters } })).toEqual([
        `token.refreshParameters: ${name} belongs to the protocol`,
      ])
    },
  )

  test('may send scope on a refresh', () => {
    expect(problemsOf({ ...acmeDefinition(base), token: { refreshParameters: { scope: 'a' } } })).toEqual([])
  })

  test('cannot ask for plain PKCE, nor leave PKCE out without a reason', () => {
    expect(
      problemsOf({ ...acmeDefinition(base), authorization: { pkce: { method: 'plain' } } }),
    ).toHaveLength(1)
    expect(problemsOf({ ...acmeDefinition(base), authorization: { pkce: { method: 'none' } } })).toHaveLength(
      1,
    )
    const because = 'the platform refuses unknown parameters'
    expect(
      problemsOf({ ...acmeDefinition(base), authorization: { pkce: { method: 'none', because } } }),
    ).toEqual([])
  })

  test('with plain HTTP endpoints is refused, each named, but for loopback when that is allowed', () => {
    const http = acmeDefinition('http://ads.acme.example')
    const names = ['endpoints.authorization', 'endpoints.token', 'revocation.url']
    expect(problemsOf(http).map((problem) => problem.split(':')[0])).toEqual(names)
    expect(problemsOf(http, { allowLoopbackHttp: true })).toHaveLength(3)
    const loopback = acmeDefinition('http://127.0.0.1:4000')
    expect(problemsOf(loopback)).toHaveLength(3)
    expect(problemsOf(loopback, { allowLoopbackHttp: true })).toEqual([])
  })

  test('with credentials or a fragment in an endpoint is refused', () => {
    for (const token of [
      'https://u:p@ads.acme.example/t',
      'https://ads.acme.example/t#x',
      'ads.acme.example',
    ]) {
      const endpoints = { authorization: `${base}/authorize`, token }
      expect(problemsOf({ ...acmeDefinition(base), endpoints })).toHaveLength(1)
    }
  })

  test('without renewal must name a question that tells a live credential from a dead one', () => {
    expect(problemsOf({ ...acmeDefinition(base), renewal: 'none' })).toEqual([
      'identity: is needed: without renewal nothing else tells whether a credential lives',
    ])
  })

  test('of an identity whose header has no place for the token is refused', () => {
    const authorizationHeader = { name: 'authorization', value: 'Bearer' }
    const identity = { url: `${base}/me`, authorizationHeader }
    expect(problemsOf({ ...acmeDefinition(base), identity })).toHaveLength(1)
  })

  test.each([undefined, null, 'x', [], 5])('that is %s is refused', (value) => {
    expect(problemsOf(value)).not.toEqual([])
  })
})
