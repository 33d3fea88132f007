import { describe, expect, test } from 'vitest'
import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { metaClient } from '../../../../src/adapters/providers/meta/meta-client.ts'
import type { MetaClientOptions } from '../../../../src/adapters/providers/meta/meta-client.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'

const redirectUri = 'http://localhost:4999/api/integrations/meta/callback'

describe('the authorization URL', () => {
  const url = (settings: Partial<MetaClientOptions>): URL =>
    new URL(
      metaClient({
        appId: '1384',
        appSecret: 'x',
        redirectUri,
        http: createProviderHttp(),
        ...settings,
      }).authorizationUrl({ state: 's+/=&', codeChallenge: 'unused' }),
    )

  test('leads to the dialog of the current version with comma-separated scopes', () => {
    const { origin, pathname, searchParams } = url({})
    expect(origin + pathname).toBe('https://www.facebook.com/v26.0/dialog/oauth')
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: '1384',
      redirect_uri: redirectUri,
      state: 's+/=&',
      response_type: 'code',
      scope: 'ads_read,ads_management,business_management',
      auth_type: 'rerequest',
    })
  })

  test('asks again for what was declined before', () => {
    expect(url({}).searchParams.get('auth_type')).toBe('rerequest')
  })

  test('leaves the scopes to the configuration of Facebook Login for Business', () => {
    const { searchParams } = url({ configId: '777' })
    expect([searchParams.get('config_id'), searchParams.has('scope')]).toEqual(['777', false])
  })

  test.each([
    ['user', null],
    ['system_user', 'true'],
    ['system_user_60_days', 'true'],
  ] as const)('asks a configuration for tokens of a %s as its kind wants it', (configTokens, override) => {
    const { searchParams } = url({ configId: '777', configTokens })
    expect(searchParams.get('override_default_response_type')).toBe(override)
    expect(searchParams.get('response_type')).toBe('code')
  })

  test('follows another version and other scopes', () => {
    const endpoints = {
      authorization: 'https://www.facebook.com/v27.0/dialog/oauth',
      graph: 'https://graph.facebook.com/v27.0',
    }
    const other = url({ endpoints, scopes: ['ads_read'] })
    expect([other.pathname, other.searchParams.get('scope')]).toEqual(['/v27.0/dialog/oauth', 'ads_read'])
  })
})

describe('settings', () => {
  test.each([
    [{ appId: '' }, /appId/],
    [{ appSecret: '' }, /appSecret/],
    [{ redirectUri: '/callback' }, /redirectUri/],
    [{ configTokens: 'system_user' as const }, /configTokens.*configId/],
    [
      { endpoints: { authorization: 'https://x.example', graph: 'http://graph.example' } },
      /endpoints\.graph/,
    ],
    [{ endpoints: { authorization: 'http://127.0.0.1/d', graph: 'https://x.example' } }, /authorization/],
  ])('that cannot work are refused: %j', (settings, problem) => {
    const options = { appId: '1', appSecret: 's', redirectUri, http: createProviderHttp() }
    expect(() => metaClient({ ...options, ...settings })).toThrow(ConfigInvalidError)
    expect(() => metaClient({ ...options, ...settings })).toThrow(problem)
  })

  test('that cannot work are all named at once', () => {
    const endpoints = { authorization: 'http://x.example', graph: 'graph' }
    const settings = { appId: '', appSecret: '', redirectUri: '/callback', endpoints }
    expect(() =>
      metaClient({ ...settings, http: createProviderHttp(), configTokens: 'system_user' }),
    ).toThrow(/appId.*appSecret.*redirectUri.*endpoints\.authorization.*endpoints\.graph.*configTokens/)
  })

  test('say why there is no PKCE', () => {
    const options = { appId: '1', appSecret: 's', redirectUri, http: createProviderHttp() }
    expect(metaClient(options).authorization.pkce).toEqual({
      method: 'none',
      because: expect.stringContaining('OpenID') as string,
    })
  })
})
