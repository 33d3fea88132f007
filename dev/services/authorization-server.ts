import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import Provider from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { z } from 'zod'
import type { OAuth2Definition } from '../../src/adapters/providers/oauth2/definition.ts'
import { authorizationServerStore } from './authorization-server-store.ts'

export interface AuthorizationServerOptions {
  readonly redirectUri: string
  /** 3600 by default. */
  readonly accessTokenTtlSeconds?: number
  /** Who signs in; nobody is asked. */
  readonly person?: string
}

/** What the server saw, without anything secret. */
export interface LoggedExchange {
  readonly method: string
  readonly path: string
  /** Of a token request. */
  readonly grantType?: string
  readonly status: number
}

/** What befalls one answer of the token endpoint, after the server has done what was asked. */
export type TokenFault =
  | { readonly kind: 'cut' }
  | { readonly kind: 'late'; readonly ms: number }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: string
      readonly headers?: Readonly<Record<string, string>>
    }

export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The server as a definition of ours, under the provider name `standard`. */
  readonly definition: OAuth2Definition
  readonly exchanges: readonly LoggedExchange[]
  /** Whether the server would honour this access token now. */
  isAccepted(accessToken: string): Promise<boolean>
  /** The faults befall the next answers, one each. */
  failTokenAnswers(...faults: readonly TokenFault[]): void
  /** Follows the redirects with cookies, as a browser would, up to the redirect URI. */
  consent(authorizationUrl: string): Promise<URL>
  close(): Promise<void>
}

type Context = Parameters<Parameters<Provider['use']>[0]>[0]

const scopes = ['openid', 'offline_access', 'ads.read', 'ads.write']

/**
 * Runs oidc-provider, a certified authorization server: PKCE is required, refresh tokens rotate, and whoever presents
 * an old one kills the whole grant. Sign-in and consent happen by themselves.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${String(portOf(http.address()))}`
  const client = { clientId: 'integrations', clientSecret: randomBytes(32).toString('base64url') }
  const provider = new Provider(issuer, configurationOf(options, client))
  const exchanges: LoggedExchange[] = []
  const faults: TokenFault[] = []
  provider.use(async (context, next) => {
    if (context.path.startsWith('/interaction/')) return finishInteraction(provider, context, options.person)
    await next()
    const grantType = grantTypeOf(context)
    exchanges.push({ method: context.method, path: context.path, status: context.status, ...grantType })
    const fault = context.path === '/token' ? faults.shift() : undefined
    if (fault !== undefined) await befall(context, fault)
  })
  const handle = provider.callback()
  http.on('request', (request, response) => void handle(request, response))
  return {
    issuer,
    ...client,
    definition: definitionOf(issuer),
    exchanges,
    isAccepted: async (accessToken) => {
      const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
      return answer.ok
    },
    failTokenAnswers: (...more) => {
      faults.push(...more)
    },
    consent: (authorizationUrl) => follow(authorizationUrl, options.redirectUri),
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

function configurationOf(
  { redirectUri, accessTokenTtlSeconds = 3600 }: AuthorizationServerOptions,
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
): Configuration {
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    adapter: authorizationServerStore(),
    jwks: { keys: [signingKey()] },
    scopes,
    claims: { openid: ['sub', 'name'] },
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: {
      AccessToken: accessTokenTtlSeconds,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 600,
      Interaction: 600,
      IdToken: 600,
    },
    issueRefreshToken: () => Promise.resolve(true),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, askingClient, token) => token.clientId === askingClient.clientId,
      },
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id }),
    }),
  }
}

function signingKey(): NonNullable<Configuration['jwks']>['keys'][number] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', use: 'sig', kid: 'only' }
}

function definitionOf(issuer: string): OAuth2Definition {
  return {
    provider: 'standard',
    displayName: 'Standard',
    issuer,
    endpoints: { authorization: `${issuer}/auth`, token: `${issuer}/token` },
    authorization: {
      scopes,
      parameters: { prompt: 'consent' },
      iss: { value: issuer, isAlwaysSent: true },
    },
    rotation: { kind: 'single_use_revoking' },
    revocation: { url: `${issuer}/token/revocation`, ends: 'token' },
    identity: { url: `${issuer}/me`, subject: 'sub', subjectName: 'name' },
  }
}

async function finishInteraction(provider: Provider, context: Context, person = 'ada'): Promise<void> {
  const { req, res } = context
  const { prompt, params, session } = await provider.interactionDetails(req, res)
  if (prompt.name === 'login') {
    context.redirect(await provider.interactionResult(req, res, { login: { accountId: person } }))
    return
  }
  const grant = new provider.Grant({
    accountId: session?.accountId ?? person,
    clientId: String(params['client_id']),
  })
  grant.addOIDCScope(String(params['scope']))
  const grantId = await grant.save()
  context.redirect(await provider.interactionResult(req, res, { consent: { grantId } }))
}

async function befall(context: Context, fault: TokenFault): Promise<void> {
  if (fault.kind === 'late') return delay(fault.ms)
  if (fault.kind === 'cut') {
    context.respond = false
    context.req.socket.destroy()
    return
  }
  context.body = fault.body
  context.status = fault.status
  context.set({ 'content-type': 'text/html', ...fault.headers })
}

const tokenRequest = z.object({ params: z.object({ grant_type: z.string() }) })

function grantTypeOf(context: Context): { readonly grantType?: string } {
  const parsed = tokenRequest.safeParse(context['oidc'])
  return parsed.success && context.path === '/token' ? { grantType: parsed.data.params.grant_type } : {}
}

async function follow(authorizationUrl: string, redirectUri: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = new URL(authorizationUrl)
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`the authorization server showed a page: ${String(answer.status)}`)
    url = new URL(location, url)
    if (url.href.startsWith(redirectUri)) return url
  }
  throw new Error('the authorization server redirects in a circle')
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
