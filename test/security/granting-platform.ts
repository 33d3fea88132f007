import { createHash } from 'node:crypto'
import type { OAuth2Definition } from '../../src/adapters/providers/oauth2/definition.ts'
import { startScriptedPlatform } from '../../src/testing/scripted-platform.ts'
import type {
  PlatformBehaviour,
  PlatformRequest,
  PlatformScript,
  ScriptedPlatform,
} from '../../src/testing/scripted-platform.ts'
import { afterwards, ORIGIN } from './world.ts'

/** A platform over HTTP that grants whatever it is asked for, and whose every request a test can look at. */
export interface GrantingPlatform {
  readonly url: string
  readonly settings: {
    readonly definition: OAuth2Definition
    readonly clientId: string
    readonly clientSecret: string
    readonly redirectUri: string
  }
  readonly requests: readonly PlatformRequest[]
  /** Requests that exchange a code. */
  readonly exchanges: readonly PlatformRequest[]
  readonly revocations: readonly PlatformRequest[]
  /** Answers a path otherwise from now on. */
  answer(path: string, behaviour: PlatformBehaviour | PlatformScript): void
}

export async function startGrantingPlatform(
  provider = 'acme',
  more: Partial<OAuth2Definition> = {},
): Promise<GrantingPlatform> {
  const platform = await startScriptedPlatform()
  afterwards(() => platform.close())
  const answers = new Map<string, PlatformScript>()
  platform.follow((request) => (answers.get(request.path) ?? usualAnswer)(request))
  const of = (path: string): readonly PlatformRequest[] =>
    platform.requests.filter((request) => request.path === path)
  return {
    url: platform.url,
    settings: settingsOf(provider, platform, more),
    get requests() {
      return platform.requests
    },
    get exchanges() {
      return of('/token').filter((request) => request.parameters.get('grant_type') === 'authorization_code')
    },
    get revocations() {
      return of('/revoke')
    },
    answer: (path, behaviour) => {
      answers.set(path, typeof behaviour === 'function' ? behaviour : () => behaviour)
    },
  }
}

function settingsOf(
  provider: string,
  { url }: ScriptedPlatform,
  more: Partial<OAuth2Definition>,
): GrantingPlatform['settings'] {
  return {
    definition: {
      provider,
      displayName: `Platform ${provider}`,
      issuer: url,
      endpoints: { authorization: `${url}/authorize`, token: `${url}/token` },
      authorization: { scopes: ['ads.read'] },
      revocation: { url: `${url}/revoke`, ends: 'token' },
      identity: {
        url: `${url}/me`,
        subject: 'id',
        accounts: { path: 'accounts', id: 'id', name: 'name' },
      },
      ...more,
    },
    clientId: `${provider}-client`,
    clientSecret: `${provider}-client-secret`,
    redirectUri: `${ORIGIN}/api/integrations/${provider}/callback`,
  }
}

function usualAnswer(request: PlatformRequest): PlatformBehaviour {
  switch (request.path) {
    case '/token':
      return { body: JSON.stringify(grantFor(request.parameters.get('code') ?? '')) }
    case '/me':
      return { body: JSON.stringify({ id: 'person-1', accounts: [{ id: '1', name: 'Main' }] }) }
    case '/revoke':
      return { body: '{}' }
    default:
      return { status: 404 }
  }
}

/** Tokens that tell which code they were given for. */
function grantFor(code: string): Readonly<Record<string, unknown>> {
  return {
    access_token: `access-for-${code}`,
    refresh_token: `refresh-for-${code}`,
    token_type: 'Bearer',
    expires_in: 3_600,
    scope: 'ads.read',
  }
}

/** The challenge that belongs to a verifier (RFC 7636 §4.2). */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url')
}
