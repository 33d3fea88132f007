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

test('takes the client authentication and PKCE that the server lists', async () => {
  const server = await scriptedServer(() => ({
    body: {
      ...metadataOf(server.url),
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      code_challenge_methods_supported: ['plain'],
    },
  }))
  const definition = await discoverAt(server.url)
  expect(definition.token).toEqual({ clientAuthentication: 'post' })
  expect(definition.authorization?.pkce).toMatchObject({ method: 'none' })
})

test('does not call a server that does not answer misconfigured', async () => {
  expect(await failureOf(discoverAt('http://127.0.0.1:9'))).toMatchObject({ delivery: 'not_sent' })
})
