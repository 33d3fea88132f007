import { expect, test } from 'vitest'
import { discover } from '../../../../src/adapters/providers/oauth2/discover.ts'
import { parseDefinition } from '../../../../src/adapters/providers/oauth2/definition.ts'
import { ConfigInvalidError } from '../../../../src/domain/errors.ts'
import { startEmulator } from '../../../../src/emulator/index.ts'
import { failureOf, loopbackHttp, scriptedServer } from './scripted-server.ts'

function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    userinfo_endpoint: `${issuer}/me`,
    authorization_response_iss_parameter_supported: true,
  }
}

function discoverAt(issuer: string, more: Partial<Parameters<typeof discover>[0]> = {}) {
  return discover({
    issuer,
    provider: 'acme',
    displayName: 'Acme Ads',
    scopes: ['openid', 'ads.read'],
    http: loopbackHttp(),
    allowLoopbackHttp: true,
    ...more,
  })
}

test('makes a definition of what a server publishes about itself', async () => {
  const emulator = await startEmulator({ platforms: ['standard'] })
  try {
    const { issuer, token, authorization, revocation, userinfo } = emulator.endpoints.standard
    expect(await discoverAt(issuer)).toMatchObject({
      issuer,
      endpoints: { authorization, token },
      revocation: { url: revocation },
      identity: { url: userinfo },
      authorization: { pkce: { method: 'S256' }, iss: { value: issuer, isAlwaysSent: true } },
    })
  } finally {
    await emulator.close()
  }
})

test.each(['code_challenge_methods_supported', 'token_endpoint_auth_methods_supported'])(
  'refuses metadata in which %s is no list',
  async (name) => {
    for (const value of [5, true, null, {}, 'S256', 'client_secret_basic']) {
      const server = await scriptedServer(() => ({ body: { ...metadataOf(server.url), [name]: value } }))
      const error: unknown = await discoverAt(server.url).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(ConfigInvalidError)
      expect(String(error)).toContain(name)
    }
  },
)

test('reads the metadata of RFC 8414 from where that puts it', async () => {
  const server = await scriptedServer(() => ({ body: metadataOf(`${server.url}/tenant`) }))
  await discoverAt(`${server.url}/tenant`, { metadata: 'oauth2' })
  expect(server.seen[0]?.path).toBe('/.well-known/oauth-authorization-server/tenant')
})

test('refuses metadata of another issuer, a trailing slash included', async () => {
  for (const named of ['https://evil.example', '/']) {
    const server = await scriptedServer(() => {
      const issuer = named === '/' ? `${server.url}/` : named
      return { body: { ...metadataOf(server.url), issuer } }
    })
    await expect(discoverAt(server.url)).rejects.toBeInstanceOf(ConfigInvalidError)
  }
})

test('refuses endpoints that are not safe, whoever published them', async () => {
  const server = await scriptedServer(() => ({
    body: { ...metadataOf(server.url), token_endpoint: 'http://ads.acme.example/token' },
  }))
  await expect(discoverAt(server.url)).rejects.toThrow('endpoints.token')
})

test('lays the settings of the host over what metadata tells', async () => {
  const server = await scriptedServer(() => ({ body: metadataOf(server.url) }))
  const definition = await discoverAt(server.url, { settings: { rotation: { kind: 'single_use' } } })
  expect(parseDefinition(definition, { allowLoopbackHttp: true }).rotation).toEqual({ kind: 'single_use' })
})

test('keeps of authorization and token what the settings of the host do not name', async () => {
  const server = await scriptedServer(() => ({
    body: { ...metadataOf(server.url), token_endpoint_auth_methods_supported: ['client_secret_post'] },
  }))
  const definition = await discoverAt(server.url, {
    settings: {
      authorization: { parameters: { prompt: 'consent' } },
      token: { refreshParameters: { audience: 'ads' } },
    },
  })
  const { authorization, token } = parseDefinition(definition, { allowLoopbackHttp: true })
  expect(authorization).toMatchObject({
    parameters: { prompt: 'consent' },
    scopes: ['openid', 'ads.read'],
    pkce: { method: 'S256' },
    iss: { value: server.url, isAlwaysSent: true },
  })
  expect(token).toMatchObject({
    refreshParameters: { audience: 'ads' },
    clientAuthentication: 'post',
  })
})

test('takes the client authentication that the server lists', async () => {
  const server = await scriptedServer(() => ({
    body: { ...metadataOf(server.url), token_endpoint_auth_methods_supported: ['client_secret_post'] },
  }))
  expect((await discoverAt(server.url)).token).toEqual({ clientAuthentication: 'post' })
})

test('never goes without PKCE because of what a server lists, but only for a reason that the host gives', async () => {
  const server = await scriptedServer(() => ({
    body: { ...metadataOf(server.url), code_challenge_methods_supported: ['plain'] },
  }))
  await expect(discoverAt(server.url)).rejects.toThrow(/authorization\.pkce: S256/)
  const other = { authorization: { parameters: { prompt: 'consent' } } }
  await expect(discoverAt(server.url, { settings: other })).rejects.toBeInstanceOf(ConfigInvalidError)
  const pkce = { method: 'none', because: 'the server knows plain challenges only' } as const
  const definition = await discoverAt(server.url, { settings: { authorization: { pkce } } })
  expect(definition.authorization).toMatchObject({ pkce, scopes: ['openid', 'ads.read'] })
})

test('does not call a server that does not answer misconfigured', async () => {
  expect(await failureOf(discoverAt('http://127.0.0.1:9'))).toMatchObject({ delivery: 'not_sent' })
})
