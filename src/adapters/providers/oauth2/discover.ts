import { allowInsecureRequests, customFetch, discoveryRequest, processDiscoveryResponse } from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'
import { ConfigInvalidError } from '../../../domain/errors.ts'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import { parseEndpoint } from '../http/endpoint.ts'
import type { ProviderHttp } from '../http/provider-http.ts'
import { parseDefinition } from './definition.ts'
import type { OAuth2Definition } from './definition.ts'
import { fetchOver } from './fetch-over.ts'

/** Which authorization server is asked about itself, and for what. */
export interface DiscoveryOptions {
  readonly issuer: string
  /** What to call the platform here. */
  readonly provider: string
  readonly displayName: string
  readonly scopes: readonly string[]
  readonly http: ProviderHttp
  /** Which metadata: RFC 8414's, or OpenID Connect's by default. */
  readonly metadata?: 'oauth2' | 'oidc'
  /** Let endpoints be plain HTTP on this machine: for tests and the emulator. */
  readonly allowLoopbackHttp?: boolean
  /**
   * What metadata cannot tell, such as `rotation`; laid over what it does tell, `authorization` and `token` member by
   * member. A server that lists PKCE methods without S256 is refused unless these say how to go on.
   */
  readonly settings?: Partial<OAuth2Definition>
}

/**
 * A definition from a server's own metadata, to be read once at start-up. The metadata must name exactly the issuer that
 * was asked for (RFC 8414 §3.3), or another server could put its endpoints in place.
 * @throws ConfigInvalidError, and ProviderFailure when the server does not answer
 */
export async function discover(options: DiscoveryOptions): Promise<OAuth2Definition> {
  const { issuer, settings, allowLoopbackHttp = false } = options
  parseEndpoint(issuer, { name: 'issuer', allowLoopbackHttp })
  const server = await metadataOf(options)
  if (server.issuer !== issuer) throw new ConfigInvalidError(['issuer: the metadata names another issuer'])
  const found = definitionFrom(server, options)
  const definition = {
    ...found,
    ...settings,
    authorization: { ...found.authorization, ...settings?.authorization },
    token: { ...found.token, ...settings?.token },
  }
  parseDefinition(definition, { allowLoopbackHttp })
  return definition
}

async function metadataOf(options: DiscoveryOptions): Promise<AuthorizationServer> {
  const issuer = new URL(options.issuer)
  try {
    const response = await discoveryRequest(issuer, {
      algorithm: options.metadata ?? 'oidc',
      [customFetch]: fetchOver(options.http),
      [allowInsecureRequests]: options.allowLoopbackHttp === true,
    })
    return await processDiscoveryResponse(issuer, response)
  } catch (error) {
    if (error instanceof ProviderFailure) throw error
    throw new ConfigInvalidError(['issuer: it publishes no metadata that names it as the issuer'])
  }
}

function definitionFrom(server: AuthorizationServer, options: DiscoveryOptions): OAuth2Definition {
  const { provider, displayName, scopes } = options
  const { revocation_endpoint: revocation, userinfo_endpoint: userinfo } = server
  return {
    provider,
    displayName,
    issuer: server.issuer,
    endpoints: { authorization: server.authorization_endpoint ?? '', token: server.token_endpoint ?? '' },
    authorization: {
      scopes: [...scopes],
      pkce: pkceOf(server, options),
      iss: {
        value: server.issuer,
        isAlwaysSent: server.authorization_response_iss_parameter_supported === true,
      },
    },
    token: { clientAuthentication: clientAuthenticationOf(server) },
    ...(revocation === undefined ? {} : { revocation: { url: revocation, ends: 'token' } }),
    ...(userinfo === undefined || !scopes.includes('openid')
      ? {}
      : { identity: { url: userinfo, subject: 'sub', subjectName: 'name' } }),
  }
}

type Listed = 'code_challenge_methods_supported' | 'token_endpoint_auth_methods_supported'

/** Nothing has checked what a server publishes; text would be searched for a part of it. @throws ConfigInvalidError */
function listIn(server: AuthorizationServer, name: Listed): readonly string[] | undefined {
  const { [name]: list } = server
  if (list === undefined || Array.isArray(list)) return list
  throw new ConfigInvalidError([`issuer: in its metadata ${name} must be a list`])
}

type Pkce = NonNullable<NonNullable<OAuth2Definition['authorization']>['pkce']>

/** What a server lists is no reason to go without PKCE: only the host can give one, in writing. */
function pkceOf(server: AuthorizationServer, { settings }: DiscoveryOptions): Pkce {
  const methods = listIn(server, 'code_challenge_methods_supported')
  const said = settings?.authorization?.pkce
  if (said !== undefined || methods === undefined || methods.includes('S256'))
    return said ?? { method: 'S256' }
  throw new ConfigInvalidError([
    'authorization.pkce: S256 is not among the methods that the server lists; to go without, say in the settings why',
  ])
}

/** Servers that list no methods have `client_secret_basic` (RFC 8414 §2). */
function clientAuthenticationOf(server: AuthorizationServer): 'basic' | 'post' {
  const methods = listIn(server, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic']
  return methods.includes('client_secret_basic') ? 'basic' : 'post'
}
